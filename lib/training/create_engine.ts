/**
 * The engine of a backend.
 * @module
 */
import { loadTf } from "../models/mod.ts";
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
  if (backend !== "ort") return await eagerEngine(backend, options);
  // The compiler imports TensorFlow.js: not before the first training.
  const { compiledEngine, compiledObstacle } = await import("./compiled_engine.ts");
  let obstacle = compiledObstacle(options);
  if (obstacle === null) {
    try {
      return await compiledEngine(options);
    } catch (error) {
      const name = (error as Error).name;
      if (name !== "UnsupportedOpError" && name !== "TraceError") throw error;
      for (const site of options.model.dropoutSites) site.draws = false;
      obstacle = (error as Error).message;
    }
  }
  const eager = (await loadTf()).getBackend() as BackendName;
  const line = `backend: ${eager} for this ${options.model.kind}, not ort: ${obstacle}`;
  if (!told.has(line)) {
    told.add(line);
    log(line);
  }
  return await eagerEngine(eager, options);
}
