/** What an executor is: it runs a study's trials somewhere. @module */
import type { Objective, OptimizeOptions, OptimizeResult } from "../optimize.ts";
import type { Study } from "../study.ts";

export interface Executor {
  readonly kind: string;
  /** Runs trials until a stop condition of `options` holds. */
  run(study: Study, objective: Objective, options: OptimizeOptions): Promise<OptimizeResult>;
}
