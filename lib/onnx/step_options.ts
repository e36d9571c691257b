/**
 * Whether the options of a step fit together.
 * @module
 */
import type { GeneralStepOptions } from "./compile_step.ts";
import { isShared } from "./input_spec.ts";

/** The batch size that the options' inputs agree on. @throws {RangeError} If an option does not fit. */
export function checkOptions(options: GeneralStepOptions, seed: number): number {
  if (!Number.isSafeInteger(seed) || seed < 0) {
    throw new RangeError(`Cannot compile step: seed must be an integer >= 0, got ${seed}`);
  }
  if (options.variables.length === 0) {
    throw new RangeError("Cannot compile step: variables must not be empty");
  }
  for (const v of options.variables) {
    if (v.dtype !== "float32") {
      throw new RangeError(
        `Cannot compile step: variable ${v.name} must be float32, got ${v.dtype}`,
      );
    }
  }
  for (const name of ["clipNorm", "clipValue"] as const) {
    const limit = options[name];
    if (limit !== undefined && !(limit > 0)) {
      throw new RangeError(`Cannot compile step: ${name} must be > 0, got ${limit}`);
    }
  }
  const { lanes = 1 } = options;
  if (!Number.isInteger(lanes) || lanes < 1) {
    throw new RangeError(`Cannot compile step: lanes must be an integer >= 1, got ${lanes}`);
  }
  const rows = Object.entries(options.inputs).filter(([, s]) => !isShared(s));
  const batchSize = rows[0]?.[1].shape[0] ?? 1;
  for (const [name, s] of rows) {
    if (s.shape[0] !== batchSize) {
      throw new RangeError(
        `Cannot compile step: input ${name} must have ${batchSize} rows as the first has, got ${
          s.shape[0]
        }`,
      );
    }
  }
  return batchSize;
}
