import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { flatOptimizer } from "../optimizers.ts";
import { loadRuntime } from "../runtime.ts";
import { gradientProgram } from "./lane_graphs.ts";
import { Lane } from "./lane_pool.ts";
import type { GradientProgram } from "./lane_protocol.ts";
import { updateMemory, updateProgram } from "./update_kernel.ts";

await tf.setBackend("cpu");
await loadRuntime();

/** A lane by itself, on a program that ONNX Runtime can be made to refuse while it runs. */
async function gatherLane(number: number, change: Partial<GradientProgram> = {}) {
  const weight = tf.variable(tf.tensor1d([1, 2]));
  const { program } = gradientProgram(
    [weight],
    (t) => tf.mean(tf.gather(weight, t.at as tf.Tensor1D)),
    { at: { shape: [2], dtype: "int32" } },
    { lanes: 1 },
  );
  weight.dispose();
  const parameters = Float32Array.of(1, 2);
  const memory = {
    parameters: [parameters, parameters],
    frozen: [],
    gradients: [new Float32Array(2)],
    metrics: [new Float32Array(1)],
  };
  const optimizer = flatOptimizer({ kind: "sgd", learningRate: 0.1 });
  const update = updateProgram({ optimizer, size: 2, lanes: number + 1 });
  const lane = await Lane.start({
    program: { ...program, ...change },
    memory,
    update,
    updateMemory: updateMemory(update).memory,
    session: {},
    number,
  });
  return { lane, memory };
}

Deno.test("an error of a lane's thread surfaces on the caller by the lane's number", async () => {
  const { lane, memory } = await gatherLane(3);
  lane.from(Int32Array.of(0, 1, 2, 3), [Int32Array.of(0, 7, 0, 1)]);
  lane.askGradient(0, 0);
  assert.throws(
    () => lane.wait(),
    /^Error: Cannot train: lane 3 failed: .*indices element out of data bounds, idx=7/,
  );
  lane.askGradient(2, 1);
  lane.wait();
  assert.equal(memory.metrics[0][0], 1.5);
  assert.deepEqual([...memory.gradients[0]], [0.5, 0.5]);
  lane.dispose();
  await assert.rejects(
    gatherLane(2, { stages: [{ model: Uint8Array.of(1, 2, 3), takes: [], gives: [] }] }),
    /^Error: Cannot compile step: lane 2 failed: /,
  );
});

Deno.test("a lane whose thread ends is not waited for, neither while it is asked nor after", async () => {
  for (const when of ["before it answers", "between two steps"] as const) {
    const { lane } = await gatherLane(1);
    lane.from(Int32Array.of(0, 1), [Int32Array.of(0, 1)]);
    lane.askGradient(0, 0);
    lane.wait();
    const ended = lane.terminate();
    if (when === "between two steps") await ended;
    assert.throws(
      () => {
        lane.askGradient(0, 0);
        lane.wait();
      },
      { message: "Cannot train: lane 1 failed: its thread ended" },
      when,
    );
    assert.throws(() => lane.askGradient(0, 0), /its thread ended/);
    lane.dispose();
    await ended;
  }
});
