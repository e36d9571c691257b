/**
 * The engine of a backend.
 * @module
 */
import { loadTf } from "../models/mod.ts";
import type { BackendName } from "./backend.ts";
import { eagerEngine, type EngineOptions, type TrainingEngine } from "./engine.ts";

/** The engine that runs training steps on a backend. */
export async function createEngine(
  backend: BackendName,
  options: EngineOptions,
  _log: (line: string) => void,
): Promise<TrainingEngine> {
  const eager = backend === "ort" ? (await loadTf()).getBackend() as BackendName : backend;
  return await eagerEngine(eager, options);
}
