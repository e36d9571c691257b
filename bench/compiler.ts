/**
 * Training steps of trading-size networks, in milliseconds a step: the compiler (`tapebook`, an epoch
 * of eight steps in one native call; `ort`, one native call a step) beside tfjs on its own backends
 * and PyTorch.
 *
 * All train the same network with Adam on minibatches gathered from a data set of eight batches; the
 * data is random. Subjects run on one thread, with the suffix `-2` on two; `pytorch-fused` is
 * PyTorch's fused Adam. `tapebook-2` has `lanes: 2`, which shares the rows of a batch between two
 * threads. Large batches (1,024, and 64 of transformer-1m) are compiled with `microBatch` where the
 * activations leave the processor's cache: the same step, computed in parts. GRU differs in one
 * product: PyTorch resets after it, tfjs before. Each case is measured in three rounds, for us and for
 * PyTorch one after the other; figures are medians of all. tfjs's eager backends run batch 64 only,
 * and where a step takes seconds that one step is the figure.
 *
 * Cases: mlp, ppo, cnn, lstm, gru, transformer, hybrid, each also with suffix -1024 (the batch);
 * transformer-1m; policy (predictions); memory (100,000 steps). `--case mlp,lstm-1024` picks some.
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import { type BackendName, chooseBackend } from "../lib/training/backend.ts";
import { type Peer, startPeer } from "./bench_peer.ts";
import {
  type BenchCase,
  benchCase,
  type BenchOptions,
  type BenchResult,
  chosenCases,
  describeMachine,
  medianOf,
} from "./bench_result.ts";
import {
  compileNet,
  measureEager,
  measureEagerPredictions,
  measureMemory,
  measurePredictions,
} from "./cases/compiler_measure.ts";
import { isLarge, microBatches, nets } from "./cases/compiler_nets.ts";

/** Eager steps longer than this are measured once. */
const longestStepMs = 2000;
/** What disturbs the machine for a second, ours or the peer's, is in one of these. */
const rounds = 3;
const policyBatches = [1, 64, 256];
/** Resident memory moves by this much without any leak. */
const noiseMiB = 4;

interface Steps {
  name: string;
  net: string;
  batch: number;
}

const stepCases: Steps[] = Object.keys(nets).flatMap((net) =>
  (net === "transformer-1m" ? [64] : [64, 1024]).map((batch) => ({
    name: batch === 64 ? net : `${net}-${batch}`,
    net,
    batch,
  }))
);

/** Every name that `--case` takes. */
export const caseNames = [...stepCases.map((c) => c.name), "policy", "memory"];

interface PeerSteps {
  rows: { threads: number; variant: "eager" | "fused"; runs: number[] }[];
  version: string;
}

export async function run(options: BenchOptions): Promise<BenchResult> {
  const { quick = false, log } = options;
  const seconds = quick ? 0.04 : 0.4;
  const chosen = chosenCases("compiler", caseNames, options.parts);
  const steps = stepCases.filter((c) => chosen.includes(c.name) && !(quick && c.batch > 64));
  const cases: BenchCase[] = [];
  const notes: string[] = ["tapebook-2 is lanes: 2"];
  const compileTimes: CompileTime[] = [];
  await tf.setBackend("cpu");
  const needsPeer = steps.length > 0 || chosen.includes("policy");
  const peer = needsPeer
    ? await startPeer(
      new URL("./peers/compiler_pytorch.py", import.meta.url),
      ["torch"],
      (line) => {
        log(line);
        notes.push(line);
      },
    )
    : null;
  try {
    // Answered once PyTorch is imported, which would take the second core from the first case.
    await peer?.ask({ case: "policy", batches: [], seconds: 0 });
    for (const c of steps) {
      await measureSteps(c, seconds, peer, { cases, notes, compileTimes, log });
    }
    if (!quick) await measureBackends(steps, { cases, notes, log });
    await tf.setBackend("cpu");
    if (chosen.includes("policy")) await measurePolicy(2 * seconds, peer, cases, notes);
  } finally {
    await peer?.close();
  }
  if (compileTimes.length > 0) {
    const longest = Math.max(...compileTimes.map((c) => c.ms));
    const each = compileTimes.map((c) => `${c.name} ${Math.round(c.ms)}`).join(", ");
    notes.push(
      `compile and first step, ms (target 1,000 each: ${verdict(longest < 1000)}): ${each}`,
    );
  }
  notes.push(...ratios(cases));
  if (chosen.includes("memory")) {
    const count = quick ? 2000 : 100_000;
    log(`memory over ${count} steps`);
    const curve = await measureMemory(count);
    cases.push(benchCase("memory", "tapebook", "MiB", curve));
    const growth = medianOf(curve.slice(-5)) - medianOf(curve.slice(5, 10));
    notes.push(
      `resident memory over ${count} steps, MiB: ${
        curve.map((v) => v.toFixed(0)).join(" ")
      } (last quarter less second quarter ${
        growth.toFixed(1)
      }; target no growth, to ${noiseMiB} MiB: ${verdict(growth < noiseMiB)})`,
    );
  }
  return { name: "compiler", machine: describeMachine(), cases, notes };
}

interface CompileTime {
  name: string;
  ms: number;
}

interface Sink {
  cases: BenchCase[];
  notes: string[];
  log: (line: string) => void;
}

async function measureSteps(
  { name, net: netName, batch }: Steps,
  seconds: number,
  peer: Peer | null,
  { cases, notes, compileTimes, log }: Sink & { compileTimes: CompileTime[] },
): Promise<void> {
  const net = nets[netName](batch);
  const microBatch = isLarge(netName, batch) ? microBatches[netName] : undefined;
  if (microBatch) notes.push(`${name}: microBatch: ${microBatch}`);
  const alone = await compileNet(net, batch, { lanes: 1, microBatch });
  const inLanes = await compileNet(net, batch, { lanes: 2, microBatch });
  compileTimes.push({ name, ms: alone.compileMs });
  const runs: Record<string, number[]> = {};
  const add = (subject: string, more: number[]) => (runs[subject] ??= []).push(...more);
  for (let round = 0; round < rounds; round++) {
    const { epochs, steps } = alone.measure(seconds);
    add("tapebook", epochs);
    add("ort", steps);
    add("tapebook-2", inLanes.measure(seconds).epochs);
    const theirs = await peer?.ask<PeerSteps>({ case: netName, batch, threads: [1, 2], seconds });
    for (const r of theirs?.rows ?? []) {
      const variant = r.variant === "eager" ? "pytorch" : "pytorch-fused";
      add(r.threads === 1 ? variant : `${variant}-2`, r.runs);
    }
    const version = theirs && `PyTorch ${theirs.version}`;
    if (version && !notes.includes(version)) notes.push(version);
  }
  for (const step of [alone, inLanes]) step.dispose();
  net.dispose();
  const measured = Object.entries(runs).map(([subject, r]) => benchCase(name, subject, "ms", r));
  cases.push(...measured);
  const figures = measured.map((c) => `${c.subject} ${c.value.toPrecision(3)}`);
  log(`${name}, ms: ${figures.join(", ")}`);
}

/** The steps of batch 64 on tfjs's own backends. */
async function measureBackends(steps: Steps[], { cases, notes, log }: Sink): Promise<void> {
  const small = steps.filter((c) => c.batch === 64 && c.net !== "transformer-1m");
  if (small.length === 0) return;
  for (const backend of ["tensorflow", "wasm", "cpu"] as BackendName[]) {
    const chosen = await chooseBackend(backend, { log: () => {} });
    if (chosen.name !== backend) {
      notes.push(`${backend}: ${chosen.reason}`);
      continue;
    }
    for (const { name, net: netName, batch } of small) {
      const net = nets[netName](batch);
      try {
        const { runs, isOneStep } = measureEager(net, batch, 0.3, longestStepMs);
        cases.push(benchCase(name, backend, "ms", runs));
        if (isOneStep) {
          notes.push(
            `${name} on ${backend}: one step only, it takes ${(runs[0] / 1000).toFixed(1)} s`,
          );
        }
        log(`${name} on ${backend}: ${medianOf(runs).toPrecision(3)} ms`);
      } catch (error) {
        notes.push(`${name} on ${backend}: ${(error as Error).message.split("\n")[0]}`);
      }
      net.dispose();
    }
  }
}

/** One prediction of the MLP, in ms. */
async function measurePolicy(
  seconds: number,
  peer: Peer | null,
  cases: BenchCase[],
  notes: string[],
): Promise<void> {
  const subjects: Record<string, number[][]> = {
    tapebook: await measurePredictions(policyBatches, seconds / 2),
  };
  if (peer) {
    const ask = { case: "policy", batches: policyBatches, seconds: seconds / 2 };
    subjects.pytorch = (await peer.ask<{ runs: number[][] }>(ask)).runs;
  }
  if ((await chooseBackend("wasm", { log: () => {} })).name === "wasm") {
    subjects.wasm = measureEagerPredictions(policyBatches, seconds / 2);
  }
  for (const [subject, lists] of Object.entries(subjects)) {
    lists.forEach((runs, i) =>
      cases.push(benchCase(`policy-${policyBatches[i]}`, subject, "ms", runs))
    );
    const micro = lists.map((runs) => (medianOf(runs) * 1000).toFixed(1)).join(" / ");
    notes.push(
      `one prediction of the policy, microseconds at batch ${
        policyBatches.join(" / ")
      }: ${subject} ${micro}`,
    );
  }
}

/** How many times faster than PyTorch with its default Adam a case is to be. */
const targetOf = (name: string): number | null =>
  /^(mlp|ppo)/.test(name) ? 4 : /^hybrid/.test(name) ? null : 1.2;

const verdict = (isMet: boolean): string => isMet ? "met" : "missed";

/** How many times faster than PyTorch, each with its better number of threads. */
function ratios(cases: BenchCase[]): string[] {
  const best = (name: string, subjects: string[]) =>
    Math.min(
      ...cases.filter((c) => c.case === name && subjects.includes(c.subject)).map((c) => c.value),
    );
  const lines: string[] = [];
  for (const name of new Set(cases.map((c) => c.case))) {
    const ours = best(name, ["tapebook", "tapebook-2"]),
      eager = best(name, ["pytorch", "pytorch-2"]),
      fused = best(name, ["pytorch-fused", "pytorch-fused-2"]);
    if (!Number.isFinite(fused)) continue;
    const ratio = eager / ours, target = targetOf(name);
    const aim = target === null ? "no target" : `target ${target}: ${verdict(ratio >= target)}`;
    lines.push(
      `${name}: ${ratio.toFixed(2)} x PyTorch eager (${aim}), ${
        (fused / ours).toFixed(2)
      } x with fused Adam, better thread count of each`,
    );
  }
  return lines;
}
