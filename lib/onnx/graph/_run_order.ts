import { join } from "node:path";
import * as ort from "onnxruntime-node";
import type { Graph } from "./graph.ts";
import { encodeModel } from "./model_proto.ts";

/** For tests: operators in the order in which ONNX Runtime, by its own profile, has run them. */
export async function runOrder(
  g: Graph,
  feeds: Record<string, Float32Array>,
  graphOptimizationLevel: "disabled" | "all",
): Promise<string[]> {
  const folder = await Deno.makeTempDir();
  try {
    const session = await ort.InferenceSession.create(encodeModel(g), {
      enableProfiling: true,
      profileFilePrefix: join(folder, "run"),
      graphOptimizationLevel,
    });
    const tensors = g.inputs.map((v) => [
      v.name!,
      new ort.Tensor("float32", feeds[v.name!], v.shape),
    ]);
    await session.run(Object.fromEntries(tensors));
    session.endProfiling();
    await session.release();
    const [file] = Array.from(Deno.readDirSync(folder));
    const events: { name: string; args?: { op_name?: string } }[] = JSON.parse(
      await Deno.readTextFile(join(folder, file.name)),
    );
    return events.filter((e) => e.name.endsWith("_kernel_time")).map((e) => e.args!.op_name!);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}
