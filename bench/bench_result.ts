/**
 * What a benchmark gives back, and the few helpers that all of them share: the machine, the median,
 * and how a peer written in Python is run.
 * @module
 */
import { cpus } from "node:os";

/** One measured figure: a case and the program that was measured on it. */
export interface BenchCase {
  case: string;
  /** `tapebook`, a backend's name, or the peer's name in lower case. */
  subject: string;
  /** Median of `runs`. */
  value: number;
  /** `ms`, `MiB` or something per second, for instance `bars/s`. */
  unit: string;
  runs: number[];
}

export interface Machine {
  cpu: string;
  cores: number;
  memoryGiB: number;
  os: string;
  deno: string;
}

export interface BenchResult {
  name: string;
  machine: Machine;
  cases: BenchCase[];
  /** What the reader must know: absent peers, settings, what a case measures. */
  notes?: string[];
}

export interface BenchOptions {
  /** Smaller sizes and fewer runs: a smoke test of the benchmark, not a measurement. */
  quick?: boolean;
  /** Runs these parts of the benchmark only; each file says which it has. */
  parts?: string[];
  /** The one size to measure at, where the benchmark has several. */
  size?: number;
  /** Prints progress on standard error. */
  log: (line: string) => void;
}

/** The benchmark module's one export. */
export type Bench = (options: BenchOptions) => Promise<BenchResult>;

/**
 * The cases that were asked for (several may stand in one part, between commas), in the benchmark's
 * own order.
 *
 * @throws {RangeError} If one is unknown.
 */
export function chosenCases(bench: string, known: readonly string[], parts?: string[]): string[] {
  const asked = parts?.flatMap((part) => part.split(","));
  for (const name of asked ?? []) {
    if (!known.includes(name)) {
      throw new RangeError(
        `Cannot run bench ${bench}: case must be one of ${known.join(", ")}, got ${name}`,
      );
    }
  }
  return known.filter((name) => !asked || asked.includes(name));
}

/** Median of the runs; the mean of the middle two for an even number. */
export function medianOf(runs: readonly number[]): number {
  const sorted = [...runs].sort((a, b) => a - b);
  const half = sorted.length >> 1;
  return sorted.length % 2 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
}

/** One row of a result, its value the median of the runs. */
export function benchCase(name: string, subject: string, unit: string, runs: number[]): BenchCase {
  return { case: name, subject, value: medianOf(runs), unit, runs };
}

/** What this machine is, for the header of the table. */
export function describeMachine(): Machine {
  // Through the system call: files of /proc take a permission that benchmarks do not have.
  const cpu = cpus()[0]?.model || "unknown";
  return {
    cpu,
    cores: navigator.hardwareConcurrency,
    memoryGiB: Math.round(Deno.systemMemoryInfo().total / 2 ** 30),
    os: `${Deno.build.os} ${Deno.build.arch}`,
    deno: Deno.version.deno,
  };
}

/** The Python that peers run in: TAPEBOOK_PEER_PYTHON, else `python3`. */
export function peerPythonPath(): string {
  return Deno.env.get("TAPEBOOK_PEER_PYTHON") || "python3";
}

/** Whether the peers' Python has all of these modules. */
export async function hasPythonModules(...modules: string[]): Promise<boolean> {
  const probe = modules.map((m) => `importlib.util.find_spec(${JSON.stringify(m)}) is not None`);
  try {
    const { success } = await new Deno.Command(peerPythonPath(), {
      args: ["-c", `import importlib.util,sys; sys.exit(0 if ${probe.join(" and ")} else 1)`],
      stdout: "null",
      stderr: "null",
    }).output();
    return success;
  } catch {
    return false;
  }
}

/**
 * Runs a peer's script (a path beside the benchmark) and parses the last line of its standard output
 * as JSON. Null, with a note logged, when the peer's Python or its modules are absent.
 *
 * @throws {Error} If the script is run and fails.
 */
export async function runPythonPeer<T>(
  script: URL,
  args: string[],
  modules: string[],
  log: (line: string) => void,
): Promise<T | null> {
  if (!(await hasPythonModules(...modules))) {
    log(`${modules.join(", ")} not found by ${peerPythonPath()}: its rows are left out`);
    return null;
  }
  const output = await new Deno.Command(peerPythonPath(), {
    args: [script.pathname, ...args],
    stdout: "piped",
    stderr: "inherit",
  }).output();
  const text = new TextDecoder().decode(output.stdout).trim();
  if (!output.success) throw new Error(`Cannot run peer ${script.pathname}: exit ${output.code}`);
  return JSON.parse(text.slice(text.lastIndexOf("\n") + 1)) as T;
}
