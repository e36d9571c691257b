import assert from "node:assert/strict";
import { createServingApp, post } from "./testing/serving_app.ts";

// Tolerance: the same ONNX Runtime computed the expected answers from Python, float32.
const answers = JSON.parse(
  Deno.readTextFileSync(new URL("./testdata/answers.json", import.meta.url)),
) as { rows: number[][]; signal_v1: number[][]; signal_v2: number[][] };
const near = (actual: number[], expected: number[]) =>
  actual.length === expected.length && actual.every((v, i) => Math.abs(v - expected[i]) < 1e-6);

const features = (data: unknown, shape = [3, 4]) => ({
  inputs: [{ name: "features", shape, datatype: "FP32", data }],
});

async function withApp(body: (served: ReturnType<typeof createServingApp>) => Promise<void>) {
  const served = createServingApp();
  try {
    await body(served);
  } finally {
    await served.serving.close();
  }
}

Deno.test("the protocol's server and health endpoints answer as its clients read them", () =>
  withApp(async ({ app }) => {
    const server = await (await app.request("/v2")).json();
    assert.equal(server.name, "tapebook");
    assert.deepEqual(server.extensions, ["binary_tensor_data"]);
    assert.deepEqual(await (await app.request("/v2/health/live")).json(), { live: true });
    assert.equal((await (await app.request("/v2/health/ready")).json()).ready, true);
  }));

Deno.test("model metadata states versions, platform and tensors", () =>
  withApp(async ({ app }) => {
    const expected = {
      name: "signal",
      versions: ["1", "2"],
      platform: "onnxruntime_onnx",
      inputs: [{ name: "features", datatype: "FP32", shape: [-1, 4] }],
      outputs: [{ name: "signal", datatype: "FP32", shape: [-1, 1] }],
    };
    assert.deepEqual(await (await app.request("/v2/models/signal")).json(), expected);
    assert.deepEqual(await (await app.request("/v2/models/signal/versions/2")).json(), expected);
  }));

Deno.test("a model is ready, or answers 503 when it is not", () =>
  withApp(async ({ app }) => {
    const ready = await app.request("/v2/models/signal/ready");
    assert.deepEqual([ready.status, await ready.json()], [200, { name: "signal", ready: true }]);
    for (
      const path of ["empty/ready", "broken/ready", "unknown/ready", "signal/versions/9/ready"]
    ) {
      const answer = await app.request(`/v2/models/${path}`);
      assert.equal(answer.status, 503, path);
      assert.equal((await answer.json()).ready, false);
    }
  }));

Deno.test("infer accepts flat and nested data and answers as ONNX Runtime does in Python", () =>
  withApp(async ({ app }) => {
    for (const data of [answers.rows, answers.rows.flat()]) {
      const answer = await app.request(
        "/v2/models/signal/infer",
        post({ id: "a", ...features(data) }),
      );
      assert.equal(answer.status, 200);
      const { model_name, model_version, id, outputs } = await answer.json();
      assert.deepEqual([model_name, model_version, id], ["signal", "1", "a"]);
      assert.deepEqual(outputs[0].shape, [3, 1]);
      assert.equal(outputs[0].datatype, "FP32");
      assert.ok(near(outputs[0].data, answers.signal_v1.flat()));
    }
  }));

Deno.test("a version is addressable beside the champion", () =>
  withApp(async ({ app }) => {
    const answer = await app.request(
      "/v2/models/signal/versions/2/infer",
      post(features(answers.rows)),
    );
    const { model_version, outputs } = await answer.json();
    assert.equal(model_version, "2");
    assert.ok(near(outputs[0].data, answers.signal_v2.flat()));
  }));

Deno.test("the model is swapped when its alias moves, and each version is loaded once", () =>
  withApp(async ({ app, source, events }) => {
    const ask = async () => {
      const answer = await app.request("/v2/models/signal/infer", post(features(answers.rows)));
      return (await answer.json()).model_version;
    };
    assert.deepEqual(new Set(await Promise.all(Array.from({ length: 50 }, ask))), new Set(["1"]));
    const readsOfOneLoad = source.reads;
    assert.equal(readsOfOneLoad, 2);
    source.setAlias("signal", "champion", "2");
    events.emit({ kind: "alias.set", id: "signal" });
    assert.deepEqual(new Set(await Promise.all(Array.from({ length: 50 }, ask))), new Set(["2"]));
    assert.equal(source.reads, 2 * readsOfOneLoad);
  }));

Deno.test("requests under way finish while the alias moves", () =>
  withApp(async ({ app, source, events }) => {
    const ask = async () =>
      (await app.request("/v2/models/signal/infer", post(features(answers.rows)))).status;
    const asked: Promise<number>[] = [];
    for (let i = 0; i < 40; i++) {
      asked.push(ask());
      source.setAlias("signal", "champion", i % 2 ? "1" : "2");
      events.emit({ kind: "alias.set", id: "signal" });
      await Promise.resolve();
    }
    assert.deepEqual(new Set(await Promise.all(asked)), new Set([200]));
  }));

const mixedInputs = [
  { name: "doubles", shape: [1, 2], datatype: "FP64", data: [1.5, "NaN"] },
  { name: "longs", shape: [1, 2], datatype: "INT64", data: ["9007199254740993", -1] },
  { name: "ints", shape: [1, 2], datatype: "INT32", data: [7, -7] },
  { name: "shorts", shape: [1, 2], datatype: "INT16", data: [32767, -32768] },
  { name: "octets", shape: [1, 2], datatype: "UINT8", data: [0, 255] },
  { name: "flags", shape: [1, 2], datatype: "BOOL", data: [true, false] },
  { name: "words", shape: [1, 2], datatype: "BYTES", data: ["buy", "für"] },
];

Deno.test("every datatype travels through JSON unchanged", () =>
  withApp(async ({ app }) => {
    const answer = await app.request("/v2/models/mixed/infer", post({ inputs: mixedInputs }));
    const { outputs } = await answer.json();
    assert.deepEqual(
      outputs.map((o: { data: unknown }) => o.data),
      mixedInputs.map((i) => i.data),
    );
  }));

/** JSON followed by bytes, as tritonclient sends it. */
function binaryRequest(json: unknown, ...blobs: Uint8Array[]): RequestInit {
  const head = new TextEncoder().encode(JSON.stringify(json));
  const body = new Blob([head, ...blobs] as BlobPart[]);
  return {
    method: "POST",
    headers: {
      "Content-Type": "application/octet-stream",
      "Inference-Header-Content-Length": String(head.length),
    },
    body,
  };
}

Deno.test("the binary extension carries inputs and outputs as little-endian bytes", () =>
  withApp(async ({ app }) => {
    const blob = new Uint8Array(new Float32Array(answers.rows.flat()).buffer);
    const answer = await app.request(
      "/v2/models/signal/infer",
      binaryRequest({
        inputs: [{
          name: "features",
          shape: [3, 4],
          datatype: "FP32",
          parameters: { binary_data_size: blob.length },
        }],
        parameters: { binary_data_output: true },
      }, blob),
    );
    assert.equal(answer.headers.get("content-type"), "application/octet-stream");
    const length = Number(answer.headers.get("inference-header-content-length"));
    const bytes = new Uint8Array(await answer.arrayBuffer());
    const { outputs } = JSON.parse(new TextDecoder().decode(bytes.subarray(0, length)));
    assert.equal(outputs[0].parameters.binary_data_size, 12);
    assert.ok(near([...new Float32Array(bytes.slice(length).buffer)], answers.signal_v1.flat()));
  }));

Deno.test("strings travel in the binary extension with their lengths", () =>
  withApp(async ({ app }) => {
    const blob = Uint8Array.of(3, 0, 0, 0, 98, 117, 121, 1, 0, 0, 0, 120);
    const inputs = mixedInputs.map((input) =>
      input.name === "words"
        ? { ...input, data: undefined, parameters: { binary_data_size: blob.length } }
        : input
    );
    const answer = await app.request(
      "/v2/models/mixed/infer",
      binaryRequest({
        inputs,
        outputs: [{ name: "words_out", parameters: { binary_data: true } }],
      }, blob),
    );
    const length = Number(answer.headers.get("inference-header-content-length"));
    const bytes = new Uint8Array(await answer.arrayBuffer());
    assert.deepEqual(bytes.subarray(length), blob);
  }));

Deno.test("compressed bodies are read and answers are compressed on request", () =>
  withApp(async ({ app }) => {
    const rows = Array.from({ length: 400 }, () => answers.rows[0]);
    for (const encoding of ["gzip", "deflate"] as const) {
      const json = new Blob([JSON.stringify(features(rows, [400, 4]))]);
      const body = await new Response(json.stream().pipeThrough(new CompressionStream(encoding)))
        .arrayBuffer();
      const answer = await app.request("/v2/models/signal/infer", {
        method: "POST",
        headers: { "Content-Encoding": encoding, "Accept-Encoding": encoding },
        body,
      });
      assert.equal(answer.headers.get("content-encoding"), encoding);
      const plain = answer.body!.pipeThrough(new DecompressionStream(encoding));
      const { outputs } = await new Response(plain).json();
      assert.equal(outputs[0].data.length, 400);
    }
  }));

Deno.test("a body that decompresses without end is cut off", () =>
  withApp(async ({ app }) => {
    const bomb = new Blob([new Uint8Array(8 << 20)]).stream()
      .pipeThrough(new CompressionStream("gzip"));
    const answer = await app.request("/v2/models/signal/infer", {
      method: "POST",
      headers: { "Content-Encoding": "gzip" },
      body: await new Response(bomb).arrayBuffer(),
    });
    assert.equal(answer.status, 413);
  }));

const refused: [name: string, status: number, path: string, body: unknown, says: RegExp][] = [
  ["an unknown model", 404, "nothing/infer", features(answers.rows), /"nothing" does not exist/],
  ["a model without champion", 404, "empty/infer", features(answers.rows), /not deployed/],
  ["an unknown version", 404, "signal/versions/7/infer", features(answers.rows), /no version "7"/],
  [
    "a graph that does not load",
    503,
    "broken/infer",
    features(answers.rows),
    /Cannot load broken version 1/,
  ],
  ["a version without a graph", 503, "bare/infer", features(answers.rows), /has no model\.onnx/],
  ["no inputs", 400, "signal/infer", {}, /inputs/],
  ["another shape", 400, "signal/infer", features([1, 2, 3], [1, 3]), /shape must be \[-1,4\]/],
  ["too few elements", 400, "signal/infer", features([1, 2], [1, 4]), /needs 4 elements, got 2/],
  ["ragged data", 400, "signal/infer", features([[1, 2, 3, 4], [1]], [2, 4]), /along axis 1/],
  ["text for a number", 400, "signal/infer", features(["x", 1, 1, 1], [1, 4]), /data\[0\].*"x"/],
  ["a negative shape", 400, "signal/infer", features([], [-1, 4]), /whole numbers/],
  ["a huge shape", 400, "signal/infer", features([], [1e9, 4]), /at most/],
  ["another datatype", 400, "signal/infer", {
    inputs: [{ name: "features", shape: [1, 4], datatype: "FP64", data: [1, 2, 3, 4] }],
  }, /datatype must be FP32, got FP64/],
  ["an unknown datatype", 400, "signal/infer", {
    inputs: [{ name: "features", shape: [1, 4], datatype: "FP12", data: [1, 2, 3, 4] }],
  }, /must be one of FP32/],
  ["an unknown input", 400, "signal/infer", {
    inputs: [{ name: "x", shape: [1, 4], datatype: "FP32", data: [1, 2, 3, 4] }],
  }, /Input "x" is unknown/],
  ["an unknown output", 400, "signal/infer", {
    ...features(answers.rows),
    outputs: [{ name: "x" }],
  }, /Output "x" is unknown/],
];

for (const [name, status, path, body, says] of refused) {
  Deno.test(`infer refuses ${name} with ${status} and says why`, () =>
    withApp(async ({ app }) => {
      const answer = await app.request(`/v2/models/${path}`, post(body));
      const { error } = await answer.json();
      assert.equal(answer.status, status, error);
      assert.match(error, says);
    }));
}

Deno.test("bytes that do not fit the binary sizes are refused", () =>
  withApp(async ({ app }) => {
    const input = (size: number) => ({
      inputs: [{
        name: "features",
        shape: [1, 4],
        datatype: "FP32",
        parameters: { binary_data_size: size },
      }],
    });
    for (const [size, sent] of [[16, 8], [12, 12], [16, 20]]) {
      const answer = await app.request(
        "/v2/models/signal/infer",
        binaryRequest(input(size), new Uint8Array(sent)),
      );
      assert.equal(answer.status, 400, `${size} of ${sent}`);
      assert.match((await answer.json()).error, /bytes|end of the body/);
    }
  }));
