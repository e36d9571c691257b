/**
 * Reads requests of those of MLflow's routes whose bodies are Pydantic models, refused in its words:
 * every field at fault with its place.
 * @module
 */
import type { Context } from "hono";
import { z } from "zod";
import type { AppEnv } from "../../env.ts";
import { invalid } from "../../errors.ts";

/** What is wrong with a value of another type, where it is there at all. */
const told = (words: string) => ({
  error: (issue: { input?: unknown }) => issue.input === undefined ? "Field required" : words,
});

const dictionary = "Input should be a valid dictionary";
const model = `${dictionary} or object to extract fields from`;

export const text = z.string(told("Input should be a valid string"));
export const anything = z.custom<unknown>((value) => value !== undefined, "Field required");
export const anyObject = z.record(z.string(), z.unknown(), told(dictionary));

/** An object whose other fields are dropped. */
export const object = <S extends z.core.$ZodLooseShape>(shape: S) => z.object(shape, told(model));

/** An object whose other fields are kept. */
export const openObject = <S extends z.core.$ZodLooseShape>(shape: S) =>
  z.looseObject(shape, told(model));

export const list = <T extends z.ZodType>(item: T, most = Infinity) =>
  z.array(item, told("Input should be a valid list")).refine((l) => l.length <= most, {
    error: (issue) =>
      `List should have at most ${most} items after validation, not ` +
      (issue.input as unknown[]).length,
  });

export const dictionaryOf = <T extends z.ZodType>(item: T) =>
  z.record(z.string(), item, told(dictionary));

/** An object that Pydantic takes for a dataclass. */
export const dataclass = <S extends z.core.$ZodLooseShape>(name: string, shape: S) =>
  z.object(shape, told(`Input should be a dictionary or an instance of ${name}`));

const words: Record<string, boolean> = {
  ...Object.fromEntries(["true", "t", "yes", "y", "on", "1"].map((w) => [w, true])),
  ...Object.fromEntries(["false", "f", "no", "n", "off", "0"].map((w) => [w, false])),
};

/** A boolean or a word or number for one. */
export const flag = z.unknown().transform((value, context): boolean => {
  if (typeof value === "boolean") return value;
  const word = String(value).toLowerCase();
  if (/^(string|number)$/.test(typeof value) && Object.hasOwn(words, word)) return words[word];
  context.issues.push({
    code: "custom",
    input: value,
    message: "Input should be a valid boolean" +
      (typeof value === "string" ? ", unable to interpret input" : ""),
  });
  return z.NEVER;
});

/** The value as the schema has it. @throws {ApiError} Naming each field at fault. */
function parsed<T extends z.ZodType>(schema: T, value: unknown): z.output<T> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const faults = result.error.issues.map(({ path, message }) =>
    path.length ? `${path.join(".")}: ${message}` : message
  );
  throw invalid(`Invalid request: ${faults.join("; ")}`);
}

/** The JSON body as the schema has it. */
export async function readBody<T extends z.ZodType>(
  c: Context<AppEnv>,
  schema: T,
): Promise<z.output<T>> {
  const body = await c.req.text();
  if (body.trim() === "") throw invalid("Invalid request: Field required");
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch {
    throw invalid("Invalid request: JSON decode error");
  }
  return parsed(schema, value);
}

/** A number of the query. */
export function queryInteger(c: Context<AppEnv>, name: string, otherwise: number): number {
  const given = c.req.query(name);
  if (given === undefined) return otherwise;
  if (!/^\s*[+-]?\d{1,15}(\.0*)?\s*$/.test(given)) {
    throw invalid(
      `Invalid request: query.${name}: Input should be a valid integer, unable to parse string ` +
        "as an integer",
    );
  }
  return Number(given);
}
