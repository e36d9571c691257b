/**
 * Reads requests as MLflow's server does: proto JSON checked against the fields of a message, then
 * required fields and types, refused in its words.
 * @module
 */
import type { Context } from "hono";
import type { AppEnv } from "../../env.ts";
import { ApiError, invalid } from "../../errors.ts";
import { invalidValue, missingValue, PythonFloat } from "../../services/validation.ts";

/** How a field is read; `parse` gives undefined for a value of another type. */
export interface FieldType<T> {
  parse(value: unknown): T | undefined;
  isList?: boolean;
}

const text: FieldType<string> = {
  parse: (value) => typeof value === "string" ? value : undefined,
};

const int: FieldType<number> = {
  parse(value) {
    if (typeof value === "number" && Number.isInteger(value)) return value;
    if (typeof value === "string" && /^\s*[+-]?\d+\s*$/.test(value)) return Number(value);
    return undefined;
  },
};

const double: FieldType<number> = {
  parse(value) {
    if (typeof value === "number") return value;
    if (typeof value !== "string" || value.trim() === "") return undefined;
    if (value === "NaN" || value === "nan") return NaN;
    if (value === "inf") return Infinity;
    if (value === "-inf") return -Infinity;
    const number = Number(value);
    return Number.isNaN(number) ? undefined : number;
  },
};

const bool: FieldType<boolean> = {
  parse(value) {
    if (typeof value === "boolean") return value;
    return value === "true" ? true : value === "false" ? false : undefined;
  },
};

function oneOf<const T extends readonly string[]>(names: T, first = 0): FieldType<T[number]> {
  return {
    parse(value) {
      if (typeof value === "string" && names.includes(value)) return value;
      const number = typeof value === "string" && /^\d+$/.test(value) ? Number(value) : value;
      return typeof number === "number" ? names[number - first] : undefined;
    },
  };
}

function list<T>(item: FieldType<T>): FieldType<T[]> {
  return {
    isList: true,
    parse(value) {
      if (!Array.isArray(value)) return undefined;
      const out: T[] = [];
      for (const element of value) {
        const parsed = item.parse(element);
        if (parsed === undefined) return undefined;
        out.push(parsed);
      }
      return out;
    },
  };
}

type Fields = Record<string, FieldType<unknown>>;
type Message<F extends Fields> = { [K in keyof F]?: F[K] extends FieldType<infer T> ? T : never };

function message<F extends Fields>(fields: F): FieldType<Message<F>> {
  const entries = Object.entries(fields);
  return {
    parse(value) {
      if (typeof value !== "object" || value === null || Array.isArray(value)) return undefined;
      const out: Record<string, unknown> = {};
      for (const [name, type] of entries) {
        const given = (value as Record<string, unknown>)[name];
        if (given === undefined || given === null) continue;
        const parsed = type.parse(given);
        if (parsed === undefined) return undefined;
        out[name] = parsed;
      }
      return out as Message<F>;
    },
  };
}

/** The field types of proto JSON. */
export const t = { text, int, double, bool, oneOf, list, message };

/** A check of one field beyond its type, which throws. `raw` is the value as it was sent. */
export type Check = (raw: unknown, name: string) => void;

export interface Field<T, Required extends boolean = boolean> {
  type: FieldType<T>;
  required: Required;
  /** The type is told before a missing value is, as some of MLflow's schemas have it. */
  checks: Check[];
}

/** A field that must be there and not be an empty string. */
export function required<T>(type: FieldType<T>, ...checks: Check[]): Field<T, true> {
  return { type, required: true, checks };
}

export function optional<T>(type: FieldType<T>, ...checks: Check[]): Field<T, false> {
  return { type, required: false, checks };
}

const apiDocs = " See the API docs for more information about request parameters.";

function pythonType(value: unknown): string {
  if (value === null || value === undefined) return "NoneType";
  if (typeof value === "string") return "str";
  if (typeof value === "boolean") return "bool";
  if (value instanceof PythonFloat) return "float";
  if (typeof value === "number") return Number.isInteger(value) ? "int" : "float";
  return Array.isArray(value) ? "list" : "dict";
}

/** The refusal of a value of a wrong type or range. */
export function badValue(name: string, value: unknown): ApiError {
  return invalid(
    invalidValue(name, value ?? null, ` Hint: Value was of type '${pythonType(value)}'.`) + apiDocs,
  );
}

export function missing(name: string): ApiError {
  return invalid(`Missing value for required parameter '${name}'.${apiDocs}`);
}

/** A refusal in the caller's own words, with the pointer to the docs that MLflow adds. */
export const refused = (words: string) => invalid(words + apiDocs);

type Spec = Record<string, Field<unknown>>;
export type Request<S extends Spec> =
  & {
    [K in keyof S as S[K] extends Field<unknown, true> ? K : never]: S[K] extends Field<infer T> ? T
      : never;
  }
  & {
    [K in keyof S as S[K] extends Field<unknown, true> ? never : K]?: S[K] extends Field<infer T>
      ? T
      : never;
  };

/** The body as JSON; an empty body is an empty object, and one encoded twice is decoded twice. */
export async function readJson(c: Context<AppEnv>): Promise<Record<string, unknown>> {
  const body = await c.req.text();
  if (body.trim() === "") return {};
  const type = c.req.header("content-type");
  if (!/^application\/([\w.+-]*\+)?json\b/i.test(type ?? "")) {
    throw invalid("Bad Request. Content-Type must be one of ['application/json'].");
  }
  try {
    const text = lenientJson(body);
    let parsed = JSON.parse(text);
    if (typeof parsed === "string") parsed = JSON.parse(parsed);
    if (typeof parsed === "object" && parsed !== null && !Array.isArray(parsed)) {
      sources.set(parsed, text);
      return parsed;
    }
  } catch { /* told below */ }
  throw invalid("Cannot read the request: its body must be a JSON object");
}

/** The text that a body was parsed from, to be read again when a refusal quotes a part of it. */
const sources = new WeakMap<object, string>();

/** The field as it was written: JSON.parse alone takes 9.0 for 9. */
function asWritten(raw: Record<string, unknown>, name: string): unknown {
  const text = sources.get(raw);
  if (text === undefined) return raw[name];
  const again = JSON.parse(
    text,
    ((_key: string, value: unknown, context: any) =>
      typeof value === "number" && /[.eE]/.test(context?.source ?? "")
        ? new PythonFloat(value)
        : value) as (key: string, value: unknown) => unknown,
  );
  return again[name];
}

/** Python's json module writes NaN and Infinity bare, which JSON does not have. */
function lenientJson(body: string): string {
  if (!/[:[,]\s*-?(NaN|Infinity)\b/.test(body)) return body;
  return body.replace(
    /("(?:[^"\\]|\\.)*")|(-?(?:NaN|Infinity))\b/g,
    (_, string, bare) => string ?? `"${bare}"`,
  );
}

function queryOf(c: Context<AppEnv>, spec: Spec): Record<string, unknown> {
  const all = c.req.queries();
  const out: Record<string, unknown> = {};
  for (const [name, values] of Object.entries(all)) {
    const type = spec[name]?.type;
    if (!type) {
      out[name] = values[0];
    } else if (type === bool) {
      if (!/^(true|false)$/i.test(values[0])) {
        throw invalid(`Invalid boolean value: ${values[0]}, must be 'true' or 'false'.`);
      }
      out[name] = values[0].toLowerCase() === "true";
    } else out[name] = type.isList ? values : values[0];
  }
  return out;
}

/**
 * The request's fields, from the query of a GET (or its body, when it has no query) or the JSON
 * body of anything else. `run_uuid` stands for `run_id`.
 *
 * @throws {ApiError} In MLflow's words, for the first field that is missing or of another type.
 */
export async function readRequest<S extends Spec>(
  c: Context<AppEnv>,
  spec: S,
): Promise<Request<S>> {
  const fromQuery = c.req.method === "GET" && new URL(c.req.url).search !== "";
  const raw = fromQuery ? queryOf(c, spec) : await readJson(c);
  return parseFields(raw, spec);
}

/** As readRequest, of an object that is there already. */
export function parseFields<S extends Spec>(
  raw: Record<string, unknown>,
  spec: S,
): Request<S> {
  if ("run_id" in spec && (raw.run_id === undefined || raw.run_id === null)) {
    raw.run_id = raw.run_uuid;
  }
  const out: Record<string, unknown> = {};
  for (const [name, field] of Object.entries(spec)) {
    const value = raw[name];
    if (value === undefined || value === null) {
      if (field.required) throw missing(name);
      continue;
    }
    const parsed = field.type.parse(value);
    // A list whose items are at fault is told by its checks, which know the item.
    const isListOfFaults = field.type.isList && Array.isArray(value);
    if (parsed !== undefined || isListOfFaults) {
      for (const check of field.checks) check(value, name);
    }
    if (parsed === undefined) throw badValue(name, asWritten(raw, name));
    if (field.required && value === "") throw missing(name);
    out[name] = parsed;
  }
  return out as Request<S>;
}

/** Each object of the list has these fields, else the first missing is named with its place. */
export function fieldsPresent(...names: string[]): Check {
  return (raw, listName) => {
    (raw as unknown[]).forEach((item, i) => {
      const fields = item as Record<string, unknown> | null;
      if (typeof fields !== "object" || fields === null) return;
      for (const name of names) {
        const value = fields[name];
        if (value === undefined || value === null || value === "") {
          throw refused(
            `${invalidValue(listName, raw).slice(0, -1)}: ` +
              missingValue(`${listName}[${i}].${name}`),
          );
        }
      }
    });
  };
}

/** At most `most`. */
export function atMost(most: number): Check {
  return (raw, name) => {
    if (Number(raw) > most) throw badValue(name, raw);
  };
}
