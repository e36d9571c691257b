/**
 * A worker: takes trials of a study on a server, one after the other, until there are none left. The
 * same entry for local processes, Ray, Kubernetes Jobs, Slurm and bare machines.
 * @module
 */
import { type Objective, type OptimizeResult } from "./optimize.ts";
import { createStudy } from "./create_study.ts";
import { httpStore, type HttpStoreOptions, readStudySpec } from "./stores/http.ts";

/** Key of the study's attribute that names the objective's module. */
export const objectiveKey = "tapebook:objective";

export interface WorkerOptions extends HttpStoreOptions {
  study: string;
  /** `path/to/module.ts` or `path/to/module.ts#name`; default: what the study names. */
  objective?: string;
  /** Trials that the study shall have in all; default: what the study names, else no limit. */
  limit?: number;
  /** Trials of this worker; no limit when absent. */
  trials?: number;
  signal?: AbortSignal;
  /** One line per trial. Default: nothing. */
  log?: (line: string) => void;
}

/**
 * The function that `module#name` names: a named export, else `objective`, else the default export.
 * Paths are taken from the current folder.
 *
 * @throws {TypeError} If the module has no such function.
 */
export async function loadObjective(reference: string): Promise<Objective> {
  const [path, name] = reference.split("#");
  const url = /^[a-z]+:\/\//.test(path) ? path : new URL(path, `file://${Deno.cwd()}/`).href;
  const module = await import(url);
  const found = name ? module[name] : module.objective ?? module.default;
  if (typeof found !== "function") {
    throw new TypeError(
      `Cannot load objective: ${path} must export a function ${name ?? "objective or default"}`,
    );
  }
  return found;
}

/**
 * Runs trials until the study has enough of them, the signal is aborted, or `trials` are done. An
 * interrupted trial is given back, so that another worker runs it.
 *
 * @throws {StudyStoreError} If the server or the study is not there.
 */
export async function runWorker(options: WorkerOptions): Promise<OptimizeResult> {
  const { log = () => {} } = options;
  const spec = await readStudySpec(options.study, options);
  const reference = options.objective ?? spec.userAttrs[objectiveKey];
  if (typeof reference !== "string") {
    throw new RangeError(
      `Cannot work on study "${options.study}": objective must be given, since the study names none`,
    );
  }
  const objective = await loadObjective(reference);
  const study = createStudy({
    name: spec.name,
    directions: spec.directions,
    sampler: spec.sampler ?? "tpe",
    pruner: spec.pruner ?? "none",
    seed: spec.seed,
    ifExists: "load",
    store: httpStore(options),
  });
  try {
    const result = await study.optimize(objective, {
      trials: options.trials ?? Infinity,
      limit: options.limit,
      signal: options.signal,
      interrupted: "release",
      maxConsecutiveErrors: Infinity,
      onTrial: (t) => log(`trial ${t.number} ${t.state}${t.value === null ? "" : ` ${t.value}`}`),
    });
    return result;
  } finally {
    await study.close();
  }
}
