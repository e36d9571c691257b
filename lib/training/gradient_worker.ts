/**
 * The process that computes gradients of its part of each batch for `parallelEngine`. It reads tasks
 * from standard input and answers on standard output until its input ends.
 * @module
 */
import { createModel, loadTf } from "../models/mod.ts";
import { chooseBackend } from "./backend.ts";
import { eagerGradients, type GradientFunction, writeWeights } from "./engine.ts";
import type { WorkerBatch, WorkerTask } from "./parallel_engine.ts";
import { FrameReader, writeFrame } from "./worker_frames.ts";

if (import.meta.main) {
  const frames = new FrameReader(Deno.stdin.readable.getReader());
  const writer = Deno.stdout.writable.getWriter();
  const first = await frames.next<WorkerTask>();
  if (first) {
    const { config, losses, backend, batchSize } = first.header;
    // Standard output carries the answers.
    await chooseBackend(backend, { log: () => {} });
    const tf = await loadTf();
    const model = await createModel(config);
    let gradients: GradientFunction = eagerGradients(tf, model, losses);
    if (backend === "ort") {
      const { compiledGradients } = await import("./compiled_gradients.ts");
      try {
        gradients = (await compiledGradients(model, losses, batchSize)).gradients;
      } catch (error) {
        const { name } = error as Error;
        if (name !== "UnsupportedOpError" && name !== "TraceError") throw error;
      }
    }
    for (let task; (task = await frames.next<WorkerBatch>());) {
      try {
        const parts: Float32Array[] = [];
        let at = 0;
        for (const length of task.header.lengths) {
          parts.push(task.floats.subarray(at, at += length));
        }
        const [flat, x, y, weights, ...masks] = parts;
        writeWeights(tf, model, flat);
        const result = await gradients({ n: task.header.n, x, y, weights }, masks);
        await writeFrame(writer, { loss: result.loss }, [result.gradient]);
      } catch (error) {
        await writeFrame(writer, { loss: null, error: (error as Error).message }, []);
      }
    }
  }
  Deno.exit(0);
}
