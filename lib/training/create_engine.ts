/**
 * The engine of a backend.
 * @module
 */
import { loadTf } from "../models/mod.ts";
import { hasCompiledOptimizer } from "./optimizers.ts";
import type { BackendName } from "./backend.ts";
import { eagerEngine, type EngineOptions, type TrainingEngine } from "./engine.ts";

const told = new Set<string>();

/**
 * The engine that runs training steps on a backend. What `ort` can't compile runs eagerly on the
 * TensorFlow.js backend beside it; a line says so, once per reason.
 */
export async function createEngine(
  backend: BackendName,
  options: EngineOptions,
  log: (line: string) => void,
): Promise<TrainingEngine> {
  if ((options.workers ?? 1) > 1) {
    const { parallelEngine } = await import("./parallel_engine.ts");
    return await parallelEngine(backend, options);
  }
  if (backend !== "ort") return await eagerEngine(backend, options);
  // The compiler imports TensorFlow.js: not before the first training.
  const { compiledEngine } = await import("./compiled_engine.ts");
  const { compiledGradients } = await import("./compiled_gradients.ts");
  const { model, losses, batchSize } = options;
  try {
    if (hasCompiledOptimizer(options.optimizer)) return await compiledEngine(options);
    return await eagerEngine("ort", options, await compiledGradients(model, losses, batchSize));
  } catch (error) {
    const { name, message } = error as Error;
    if (name !== "UnsupportedOpError" && name !== "TraceError") throw error;
    for (const site of model.dropoutSites) site.draws = false;
    const eager = (await loadTf()).getBackend() as BackendName;
    const line = `backend: ${eager} for this ${model.kind}, not ort: ${message}`;
    if (!told.has(line)) {
      told.add(line);
      log(line);
    }
    return await eagerEngine(eager, options);
  }
}
