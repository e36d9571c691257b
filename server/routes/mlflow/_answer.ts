/** Writes answers as MLflow's server does: proto JSON without empty fields. @module */
import type { Context } from "hono";
import type { AppEnv } from "../../env.ts";

/**
 * JSON of a message: absent fields and empty lists are left out, NaN and infinities are strings.
 */
export function protoJson(value: unknown): string {
  return JSON.stringify(value, (_, v) => {
    if (typeof v === "number") return Number.isFinite(v) ? v : String(v);
    if (v === null || Array.isArray(v) && v.length === 0) return undefined;
    return v;
  });
}

/** 200 with the message as JSON. */
export function answer(c: Context<AppEnv>, value: unknown = {}): Response {
  return c.body(protoJson(value), 200, { "Content-Type": "application/json" });
}

/** 200 with one page of a list that is JSON already; null stands for the empty one. */
export function answerPage(
  c: Context<AppEnv>,
  name: string,
  list: string | null,
  nextPageToken?: string,
): Response {
  const fields = list === null ? [] : [`"${name}":${list}`];
  if (nextPageToken) fields.push(`"next_page_token":${JSON.stringify(nextPageToken)}`);
  return c.body(`{${fields.join(",")}}`, 200, { "Content-Type": "application/json" });
}

/** 200 with a message whose values are the client's own, empty lists and nulls among them. */
export function answerAsIs(c: Context<AppEnv>, value: unknown): Response {
  return c.body(JSON.stringify(value), 200, { "Content-Type": "application/json" });
}
