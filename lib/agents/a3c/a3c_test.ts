import assert from "node:assert/strict";
import { cartPole } from "../cart_pole.ts";
import { EnvironmentError } from "../environment.ts";
import { marketEnvironment, type MarketEnvironmentOptions } from "../market_environment.ts";
import { barsOfCloses } from "../proofs/synthetic_bars.ts";
import { TrainingDivergedError } from "../trainer.ts";
import { a3c, A3cLearner, WorkerDiedError, type WorkerReplacement } from "./mod.ts";
import type { FaultOptions } from "./testing/faulty_cart_pole.ts";

const module = { module: new URL("../cart_pole.ts", import.meta.url), export: "cartPole" };

/** 120 bars of a wave. */
const market = (options: Partial<MarketEnvironmentOptions>) => {
  const bars = barsOfCloses(
    Float64Array.from({ length: 120 }, (_, t) => 100 + 5 * Math.sin(t / 5)),
  );
  const frame = {
    names: ["slope"],
    columns: [bars.close.map((c, t) => c - bars.open[t])],
    time: bars.time,
    length: bars.length,
  };
  return {
    module: new URL("../market_environment.ts", import.meta.url),
    export: "marketEnvironment",
    options: { bars, frame, ...options },
  };
};

const faulty = (options: Omit<FaultOptions, "left">, times = 1) => ({
  module: new URL("./testing/faulty_cart_pole.ts", import.meta.url),
  export: "faultyCartPole",
  options: { ...options, left: new Int32Array(new SharedArrayBuffer(4)).fill(times) },
});

Deno.test("a3c.train() learns, and tells of staleness and of each worker's throughput", async () => {
  const { policy, history } = await a3c.train(module, {
    totalSteps: 20_000,
    workers: 2,
    // So that the first report is of a policy that has hardly learned.
    reportSteps: 1000,
    learningRate: 1e-3,
  });
  const first = history[0], last = history.at(-1)!;
  assert.ok(last.steps >= 20_000 && last.steps < 20_000 + 2 * 20);
  assert.ok(last.meanReturn > 2 * first.meanReturn, `${first.meanReturn} ${last.meanReturn}`);
  for (const record of history) {
    assert.ok(record.staleness >= 0 && record.staleness <= record.maxStaleness);
    assert.ok(record.worker0StepsPerSecond + record.worker1StepsPerSecond > 0);
    assert.equal(record.replacements, 0);
  }
  assert.ok(last.updates >= 20_000 / 20);
  assert.equal(policy.act(new Float32Array(4), { deterministic: true }).actions.length, 1);
  policy.dispose();
});

Deno.test("a3c.train() with one worker repeats itself, also with the environment on the caller's thread", async () => {
  const config = { totalSteps: 600, workers: 1, reportSteps: 300, hidden: [8], seed: 3 };
  const train = async (environment: Parameters<typeof a3c.train>[0]) => {
    const { policy, history } = await a3c.train(environment, config);
    const { weights } = policy.state();
    policy.dispose();
    assert.equal(history.at(-1)!.maxStaleness, 0);
    return weights;
  };
  const once = await train(module);
  assert.deepEqual(await train(module), once);
  assert.deepEqual(await train(() => cartPole()), once);
});

Deno.test("a3c.train() trains an LSTM, whose state begins anew with each episode", async () => {
  const { policy, history } = await a3c.train(module, {
    totalSteps: 800,
    workers: 2,
    nSteps: 8,
    hidden: [8],
    lstmUnits: 4,
    reportSteps: 800,
  });
  assert.equal(policy.stateSize, 8);
  assert.ok(Number.isFinite(history.at(-1)!.loss));
  const state = new Float32Array(8);
  policy.act(new Float32Array(4).fill(0.1), { deterministic: true, state });
  assert.ok(state.some((x) => x !== 0));
  policy.dispose();
});

Deno.test("a3c.train() respects action masks, and draws numbers in a box", async () => {
  const config = { totalSteps: 400, workers: 2, hidden: [8], reportSteps: 400 };
  const masked = market({ minimumHoldBars: 5, episodeBars: 60 });
  for (const environment of [masked, () => marketEnvironment(masked.options)]) {
    // A choice that the mask forbids would be an ActionError.
    const { policy, history } = await a3c.train(environment, config);
    assert.ok(Number.isFinite(history.at(-1)!.loss));
    assert.ok(policy.isMasked);
    policy.dispose();
  }
  const pendulum = { module: new URL("../pendulum.ts", import.meta.url), export: "pendulum" };
  const { policy } = await a3c.train(pendulum, config);
  const [logStd] = policy.network.head.variables;
  assert.notEqual(logStd.dataSync()[0], 0);
  assert.equal(policy.act(new Float32Array(3), { deterministic: true }).actions.length, 1);
  policy.dispose();
});

for (const fault of ["throw", "crash", "close", "hang"] as const) {
  Deno.test(`a3c.train() replaces a worker that dies (${fault}) and goes on`, async () => {
    const seen: WorkerReplacement[] = [];
    // An uncaught error is noticed when the thread has its next turn.
    const totalSteps = fault === "crash" ? 20_000 : 3000;
    const { policy, history } = await a3c.train(
      faulty({ fault, afterSteps: 300 }),
      { totalSteps, workers: 2, hidden: [8], reportSteps: 1000, stallTimeoutMs: 1500 },
      { onReplace: (replacement) => void seen.push(replacement) },
    );
    assert.ok(history.at(-1)!.steps >= totalSteps);
    // On a busy machine a living worker may be taken for dead, too.
    assert.ok(seen.length >= 1);
    assert.equal(history.at(-1)!.replacements, seen.length);
    const reasons = {
      throw: /exchange hung up/,
      crash: /nobody catches this/,
      close: /no progress for 1500 ms/,
      hang: /no progress for 1500 ms/,
    };
    assert.ok(seen.some(({ reason }) => reasons[fault].test(reason)));
    policy.dispose();
  });
}

Deno.test("a3c.train() gives up when more workers die than it may replace", async () => {
  await assert.rejects(
    a3c.train(faulty({ fault: "throw", afterSteps: 10 }, 100), {
      totalSteps: 5000,
      workers: 2,
      hidden: [8],
      maxReplacements: 2,
    }),
    (error: Error) =>
      error instanceof WorkerDiedError &&
      /at most 2 workers may die, .*exchange hung up/.test(error.message),
  );
});

Deno.test("a3c.train() names the worker whose environment gave a NaN, and a diverged gradient", async () => {
  const config = { totalSteps: 20_000, workers: 2, hidden: [8] };
  await assert.rejects(
    a3c.train(faulty({ fault: "nan", afterSteps: 50 }), config),
    (error: Error) =>
      error instanceof EnvironmentError &&
      /observation must be finite, got NaN/.test(error.message),
  );
  await assert.rejects(
    a3c.train(module, { ...config, learningRate: 1e30 }),
    (error: Error) =>
      error instanceof TrainingDivergedError && /gradients must be finite/.test(error.message),
  );
});

Deno.test("a3c.train() passes on what the environment's maker throws, and refuses wrong settings", async () => {
  await assert.rejects(
    a3c.train({ ...module, export: "poleCart" }, { totalSteps: 10 }),
    /must export a function poleCart, got undefined/,
  );
  await assert.rejects(
    a3c.train(market({ episodeBars: 200 }), { totalSteps: 10 }),
    /bars \[0, 120\) must be at least an episode \(200 bars\), got 120/,
  );
  await assert.rejects(
    a3c.train(module, { totalSteps: 10, workers: 0 }),
    /Cannot train A3C: workers: .*got 0/,
  );
});

Deno.test("a3c.train() ends all workers when its signal aborts", async () => {
  const controller = new AbortController();
  await assert.rejects(
    a3c.train(module, { totalSteps: 1e9, workers: 2, hidden: [8], reportSteps: 500 }, {
      onProgress: () => controller.abort(new Error("enough")),
      signal: controller.signal,
    }),
    /enough/,
  );
  // Also while it waits for a record that is far away.
  const late = AbortSignal.timeout(400);
  const config = { totalSteps: 1e9, workers: 2, hidden: [8], reportSteps: 1e9 };
  await assert.rejects(a3c.train(module, config, { signal: late }), /TimeoutError/);
});

Deno.test("a checkpoint of A3C holds parameters and statistics, and training goes on from it", async () => {
  const directory = await Deno.makeTempDir();
  const config = { totalSteps: 1000, workers: 2, hidden: [8], reportSteps: 500 };
  try {
    const { policy } = await a3c.train(module, config, {
      checkpoint: { directory, everySteps: 500 },
    });
    const resume = `${directory}/last.safetensors`;
    const longer = { ...config, totalSteps: 2000 };
    const learner = await A3cLearner.create(module, longer);
    const fresh = learner.saveState();
    const { history, policy: resumed } = await a3c.train(module, longer, { resume });
    assert.ok(history[0].steps >= 500 && history.at(-1)!.steps >= 2000);
    assert.ok(history.at(-1)!.updates > history[0].updates);
    assert.ok(fresh.tensors.find((t) => t.name === "meanSquare")!.values.every((v) => v === 0));
    learner.dispose();
    learner.policy.dispose();
    const bytes = await Deno.readFile(resume);
    const cut = `${directory}/cut.safetensors`;
    await Deno.writeFile(cut, bytes.subarray(0, bytes.length - 100));
    await assert.rejects(a3c.train(module, longer, { resume: cut }), SyntaxError);
    await assert.rejects(
      a3c.train(module, { ...longer, hidden: [9] }, { resume }),
      /hidden must be \[9\], got \[8\]/,
    );
    policy.dispose();
    resumed.dispose();
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});
