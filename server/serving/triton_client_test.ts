import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { peerPython } from "../../tests/support/components.ts";
import { createServingApp } from "./testing/serving_app.ts";

const python = peerPython("tritonclient");
if (!python) {
  console.log("the test with Triton's client is skipped: no Python here has tritonclient");
}

const answers = JSON.parse(
  Deno.readTextFileSync(new URL("./testdata/answers.json", import.meta.url)),
) as { signal_v1: number[][]; signal_v2: number[][] };

Deno.test({
  name: "Triton's own HTTP client reads metadata, answers in every encoding, and refusals",
  ignore: !python,
  async fn() {
    const { app, serving } = createServingApp();
    const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, app.fetch);
    try {
      const script = fileURLToPath(new URL("./testdata/triton_client.py", import.meta.url));
      const { stdout, stderr } = await new Deno.Command(python!, {
        args: [script, `127.0.0.1:${server.addr.port}`],
      }).output();
      const text = new TextDecoder().decode(stdout);
      assert.notEqual(text, "", new TextDecoder().decode(stderr));
      const said = JSON.parse(text);
      assert.deepEqual([said.live, said.ready, said.models], [true, true, [true, false]]);
      assert.equal(said.platform, "onnxruntime_onnx");
      const near = ([version, id, ...values]: [string, string, ...number[]], model: number[][]) => {
        values.forEach((value, i) => assert.ok(Math.abs(value - model[i][0]) < 1e-6));
        assert.equal(id, "7");
        return version;
      };
      for (const answer of [...said.answers, said.unlisted]) {
        assert.equal(near(answer, answers.signal_v1), "1");
      }
      assert.equal(near(said["version 2"], answers.signal_v2), "2");
      const [unknown, misshapen] = said.refused;
      assert.match(unknown[1], /\[404\] Model "nothing" does not exist/);
      assert.match(misshapen[1], /\[400\] Input "features": shape must be \[-1,4\]/);
    } finally {
      await server.shutdown();
      await serving.close();
    }
  },
});
