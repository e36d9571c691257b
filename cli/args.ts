/**
 * Command-line arguments for the subcommands: a thin, typed face over node's `util.parseArgs`.
 * @module
 */
import { parseArgs as nodeParseArgs } from "node:util";

/** The command was called wrongly: the message is printed without a stack and the exit code is 2. */
export class UsageError extends Error {
  override name = "UsageError";
}

type Kind = "string" | "boolean" | "integer" | "strings";
type Value<K extends Kind> = K extends "boolean" ? boolean | undefined
  : K extends "integer" ? number | undefined
  : K extends "strings" ? string[] | undefined
  : string | undefined;

/**
 * Parses `--name value`, `--name=value` and positional words.
 *
 * @throws {UsageError} If an option is unknown, lacks its value, or an integer is none.
 */
export function parseArgs<S extends Record<string, Kind>>(
  command: string,
  args: string[],
  spec: S,
): { options: { [K in keyof S]: Value<S[K]> }; rest: string[] } {
  const options = Object.fromEntries(
    Object.entries(spec).map(([name, kind]) => [name, {
      type: kind === "boolean" ? "boolean" as const : "string" as const,
      multiple: kind === "strings",
    }]),
  );
  let parsed;
  try {
    parsed = nodeParseArgs({ args, options, allowPositionals: true, strict: true });
  } catch (error) {
    const allowed = Object.keys(spec).map((name) => `--${name}`).join(", ") || "none";
    throw new UsageError(
      `Cannot run ${command}: ${(error as Error).message.split(". ")[0]}; options are ${allowed}`,
    );
  }
  const values: Record<string, unknown> = { ...parsed.values };
  for (const [name, kind] of Object.entries(spec)) {
    if (kind !== "integer" || values[name] === undefined) continue;
    const text = String(values[name]);
    if (!/^-?\d+$/.test(text) || !Number.isSafeInteger(Number(text))) {
      throw new UsageError(
        `Cannot run ${command}: --${name} must be an integer, got ${JSON.stringify(text)}`,
      );
    }
    values[name] = Number(text);
  }
  return {
    options: values as { [K in keyof S]: Value<S[K]> },
    rest: parsed.positionals,
  };
}
