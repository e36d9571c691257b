/**
 * Checking an algorithm's configuration.
 * @module
 */
import type { z } from "zod";

/**
 * The configuration with all defaults.
 *
 * @param action What can't be done with a wrong one, for instance `train A3C`.
 * @throws {RangeError} Naming field, rule and value.
 */
export function parseConfig<S extends z.ZodType>(
  schema: S,
  config: z.input<S>,
  action: string,
): z.output<S> {
  const parsed = schema.safeParse(config);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const value = issue.path.reduce<unknown>(
    (at, key) => (at as Record<PropertyKey, unknown> | undefined)?.[key],
    config,
  );
  throw new RangeError(
    `Cannot ${action}: ${issue.path.join(".") || "config"}: ${issue.message}, got ${
      JSON.stringify(value)
    }`,
  );
}
