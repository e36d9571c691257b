/** What the routes of issues, label schemas and review queues read alike. @module */
import type { Context } from "hono";
import type { AppEnv } from "../../env.ts";
import { type FieldType, optional, refused, t } from "./_request.ts";

/** Whoever asks, where people sign in. */
export const reviewerOf = (c: Context<AppEnv>): string | null =>
  c.get("services").config.auth === "off" ? null : c.get("caller").name;

/** A value of an enum of proto, by name or by number from 1; another one is as good as none. */
export function enumValue<const T extends readonly string[]>(
  names: T,
): FieldType<T[number] | null> {
  const type = t.oneOf(names, 1);
  return { parse: (value) => type.parse(value) ?? null };
}

const most = 50_000;

/** Of a page. */
export const pageFields = {
  max_results: optional(t.int, (raw) => {
    const number = Number(raw);
    if (!(number >= 1 && number <= most)) {
      throw refused(`max_results must be between 1 and ${most}.`);
    }
  }),
  page_token: optional(t.text),
};
