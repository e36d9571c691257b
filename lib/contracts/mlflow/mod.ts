/**
 * MLflow's REST entities as zod schemas and types: what our server answers and our client reads.
 *
 * ```ts ignore
 * import { run } from "./mod.ts";
 * const parsed = run.parse(await answer.json());
 * parsed.info.run_id;
 * ```
 * @module
 */
export * from "./experiment.ts";
export * from "./limits.ts";
export * from "./logged_model.ts";
export * from "./registry.ts";
export * from "./run.ts";
export * from "./value.ts";
