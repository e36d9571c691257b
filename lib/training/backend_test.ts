import assert from "node:assert/strict";
import { loadTf } from "../models/mod.ts";
import { testWith } from "../../tests/support/components.ts";
import { backendNames, chooseBackend, currentBackend } from "./backend.ts";
import { parseTrainConfig } from "./train_config.ts";
import { missingNativePart, type NativeTensorflow } from "./tensorflow_native.ts";

Deno.test("chooseBackend() takes the name, else TAPEBOOK_BACKEND, else the fastest, and says why", async () => {
  const before = Deno.env.get("TAPEBOOK_BACKEND");
  const lines: string[] = [];
  const log = (line: string) => lines.push(line);
  try {
    Deno.env.delete("TAPEBOOK_BACKEND");
    assert.deepEqual(await chooseBackend(undefined, { log }), {
      name: "ort",
      reason: "the fastest at trading sizes",
      device: "cpu",
    });
    Deno.env.set("TAPEBOOK_BACKEND", "cpu");
    assert.deepEqual(await chooseBackend(undefined, { log }), {
      name: "cpu",
      reason: "TAPEBOOK_BACKEND asks for it",
      device: "cpu",
    });
    assert.equal((await loadTf()).getBackend(), "cpu");
    assert.equal((await chooseBackend("wasm", { log })).name, "wasm");
    assert.equal((await loadTf()).getBackend(), "wasm");
    assert.equal(currentBackend()?.name, "wasm");
    await chooseBackend("wasm", { log });
    assert.deepEqual(lines, [
      "backend: ort (the fastest at trading sizes)",
      "backend: cpu (TAPEBOOK_BACKEND asks for it)",
      "backend: wasm (asked for by name)",
    ]);
    await assert.rejects(() => chooseBackend("gpu"), {
      name: "RangeError",
      message: `Cannot choose backend: name must be one of ${backendNames.join(", ")}, got gpu`,
    });
    Deno.env.set("TAPEBOOK_BACKEND", "cuda");
    await assert.rejects(() => chooseBackend(), /TAPEBOOK_BACKEND must be one of .*, got cuda/);
  } finally {
    if (before === undefined) Deno.env.delete("TAPEBOOK_BACKEND");
    else Deno.env.set("TAPEBOOK_BACKEND", before);
  }
});

Deno.test({
  name: "chooseBackend() replaces an absent TensorFlow by the next and says what is missing",
  ignore: missingNativePart() === null,
  fn: async () => {
    const lines: string[] = [];
    const { name } = await chooseBackend("tensorflow", { log: (line) => lines.push(line) });
    assert.equal(name, "ort");
    assert.match(lines[0], /^backend: ort \(not tensorflow: .* (not installed|not built)\)$/);
  },
});

Deno.test("a GPU that is asked for is there or training does not start", async () => {
  const quiet = { log: () => {} };
  await assert.rejects(chooseBackend("wasm", { ...quiet, device: 0 }), {
    name: "RangeError",
    message:
      "Cannot choose backend: device must be left out unless the backend is tensorflow, got 0 with wasm",
  });
  await assert.rejects(
    chooseBackend("tensorflow", { ...quiet, device: -1 }),
    /device must be auto, or the number of a GPU from 0 on, got -1/,
  );
  assert.throws(() => parseTrainConfig({ device: 1.5 }), /device/);
});

/** A native backend that says what it has; plain JavaScript computes in its place. */
const nativeWith = (has: { missing?: string; gpus: number }): NativeTensorflow => ({
  missing: () => has.missing ?? null,
  async load(tf, device) {
    if (device !== undefined && device >= has.gpus) throw new Error("the CPU alone");
    await tf.setBackend("cpu");
    return { usesGpu: has.gpus > 0 };
  },
});

Deno.test("chooseBackend() takes a GPU where TensorFlow reports one", async () => {
  const lines: string[] = [];
  const choose = (native: NativeTensorflow, name?: string, device?: number | "auto") =>
    chooseBackend(name, { native, device, log: (line) => lines.push(line) });
  const two = nativeWith({ gpus: 2 }), none = nativeWith({ gpus: 0 });
  const absent = nativeWith({ missing: "the native add-on is not built", gpus: 0 });
  const onGpu = { name: "tensorflow", reason: "it has a GPU", device: "gpu" };
  assert.deepEqual(await choose(two, undefined, "auto"), onGpu);
  assert.deepEqual(await choose(two, "tensorflow", "auto"), onGpu);
  assert.deepEqual(await choose(two, "tensorflow", 1), {
    name: "tensorflow",
    reason: "asked for by name; on its GPU",
    device: "gpu",
  });
  assert.deepEqual(await choose(none, "tensorflow"), {
    name: "tensorflow",
    reason: "asked for by name; on the CPU",
    device: "cpu",
  });
  assert.deepEqual(await choose(none, undefined, "auto"), {
    name: "ort",
    reason: "not a GPU: tensorflow sees the CPU alone",
    device: "cpu",
  });
  assert.equal((await choose(absent, undefined, "auto")).name, "ort");
  assert.equal(lines.at(-1), "backend: ort (not a GPU: the native add-on is not built)");
  await assert.rejects(
    choose(two, "tensorflow", 2),
    /device 2 must be a GPU that tensorflow has, got: the CPU alone/,
  );
  await assert.rejects(choose(two, "ort", "auto"), /must be left out .*, got auto with ort/);
});

Deno.test({
  name: "chooseBackend() refuses a GPU where TensorFlow is absent and says what is missing",
  ignore: missingNativePart() === null,
  fn: () =>
    assert.rejects(
      chooseBackend("tensorflow", { log: () => {}, device: 0 }),
      /^Error: Cannot choose backend: device 0 must be a GPU that tensorflow has, got: .*not (installed|built)$/,
    ),
});

testWith("tensorflow", "the native backend multiplies", async () => {
  assert.equal((await chooseBackend("tensorflow", { log: () => {} })).name, "tensorflow");
  const tf = await loadTf();
  assert.equal(tf.tidy(() => tf.matMul(tf.ones([2, 3]), tf.ones([3, 2])).dataSync()[0]), 3);
});
