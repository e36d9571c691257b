/**
 * Speed and memory of the backtester, beside backtesting.py and vectorbt in the same run.
 *
 * (a) event-driven moving-average cross over one symbol; (b) a sweep of moving-average pairs, on all
 * cores; (c) a portfolio rebalanced monthly. Each case runs in a process of its own, so that its peak
 * memory is its own; compilation is left out on both sides. vectorbt may live in a Python of its own:
 * `TAPEBOOK_PEER_PYTHON_VECTORBT`.
 * @module
 */
import {
  type BenchCase,
  benchCase,
  type BenchOptions,
  type BenchResult,
  describeMachine,
  runPythonPeer,
} from "./bench_result.ts";

interface CaseOutput {
  runs: number[];
  peakMiB: number;
  check: number;
}

interface Case {
  name: string;
  kind: "event" | "sweep" | "rebalance";
  a: number;
  b: number;
  /** Bars that are run, over all symbols or combinations. */
  bars: number;
  peers: string[];
}

function casesOf(quick: boolean): Case[] {
  const event = quick ? 20_000 : 1_000_000;
  const pairs = quick ? 100 : 10_000;
  const bars = quick ? 1_000 : 5_000;
  const symbols = quick ? 20 : 500;
  const count = (n: number) => n.toLocaleString("en-US");
  return [
    {
      name: `(a) event-driven MA cross, 1 symbol, ${count(event)} bars`,
      kind: "event",
      a: event,
      b: 0,
      bars: event,
      peers: ["backtesting.py", "vectorbt"],
    },
    {
      name: `(b) ${count(pairs)} MA-cross pairs over ${count(bars)} bars`,
      kind: "sweep",
      a: pairs,
      b: bars,
      bars: pairs * bars,
      peers: ["vectorbt"],
    },
    {
      name: `(c) ${count(symbols)} symbols x ${count(bars)} days, rebalanced monthly`,
      kind: "rebalance",
      a: symbols,
      b: bars,
      bars: symbols * bars,
      peers: ["vectorbt"],
    },
  ];
}

/** Measures the cases. */
export async function run(options: BenchOptions): Promise<BenchResult> {
  const { log } = options;
  const cases: BenchCase[] = [];
  const repeats = options.quick ? 2 : 5;
  const add = (of: Case, subject: string, output: CaseOutput) => {
    cases.push(benchCase(of.name, subject, "ms", output.runs));
    const rate = output.runs.map((ms) => of.bars / ms * 1000);
    cases.push(benchCase(of.name, subject, "bars/s", rate));
    cases.push(benchCase(of.name, subject, "MiB", [output.peakMiB]));
    log(`${of.name}: ${subject} ${output.runs.map((x) => x.toFixed(0)).join(", ")} ms`);
  };
  for (const of of casesOf(options.quick ?? false)) {
    const args = [of.kind, String(of.a), String(of.b)];
    add(of, "tapebook", await runCase([...args, String(repeats)]));
    for (const peer of of.peers) {
      // backtesting.py takes minutes for what others do in seconds, vectorbt's sweep gigabytes.
      const times = peer === "backtesting.py" || of.kind === "sweep" ? 1 : Math.min(3, repeats);
      const output = await runPeer(peer, [...args, String(times)], log);
      if (output) add(of, peer, output);
    }
  }
  return {
    name: "backtest",
    machine: describeMachine(),
    cases,
    notes: [
      "bars/s counts the bars of every symbol and combination; MiB is the peak of the whole process",
      "backtesting.py has one run, vectorbt's sweep one after its warm-up; the others a warm-up and " +
      "the median of the runs after it",
    ],
  };
}

async function runCase(args: string[]): Promise<CaseOutput> {
  const script = new URL("./cases/backtest_case.ts", import.meta.url);
  const config = new URL("../deno.json", import.meta.url);
  const { success, stdout } = await new Deno.Command(Deno.execPath(), {
    // Linux tells a process its peak memory under /proc, which needs all permissions.
    args: ["run", "-A", "--config", config.pathname, script.pathname, ...args],
    stdout: "piped",
    stderr: "inherit",
  }).output();
  if (!success) throw new Error(`Cannot run benchmark case ${args[0]}: it failed`);
  return JSON.parse(new TextDecoder().decode(stdout)) as CaseOutput;
}

async function runPeer(
  peer: string,
  args: string[],
  log: (line: string) => void,
): Promise<CaseOutput | null> {
  const script = new URL("./peers/backtest_peer.py", import.meta.url);
  const module = peer === "backtesting.py" ? "backtesting" : peer;
  const usual = Deno.env.get("TAPEBOOK_PEER_PYTHON");
  const own = module === "vectorbt" ? Deno.env.get("TAPEBOOK_PEER_PYTHON_VECTORBT") : undefined;
  if (own) Deno.env.set("TAPEBOOK_PEER_PYTHON", own);
  try {
    return await runPythonPeer<CaseOutput>(script, [peer, ...args], [module, "pandas"], log);
  } finally {
    if (own) {
      if (usual === undefined) Deno.env.delete("TAPEBOOK_PEER_PYTHON");
      else Deno.env.set("TAPEBOOK_PEER_PYTHON", usual);
    }
  }
}
