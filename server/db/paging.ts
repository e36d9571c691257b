/**
 * Ordered pages whose tokens hold the last row's sort values, so that a page costs the same
 * wherever it is and rows written in between neither repeat nor vanish.
 * @module
 */
import { createHash } from "node:crypto";
import { invalid } from "../errors.ts";
import type { Sql } from "./database.ts";

/** One column to sort by. Nulls come last, and so does NaN before them, in either direction. */
export interface SortColumn {
  expression: string;
  /** Text sorts by code points, whatever the database's own language is. */
  type: "text" | "float8" | "int8";
  ascending: boolean;
  /** Whether it can be NaN, which PostgreSQL takes for the greatest number. */
  hasNaN?: boolean;
}

export interface PagedQuery {
  /** Columns of the page, without the sort columns. */
  select: string;
  from: string;
  where: string[];
  params: unknown[];
  sort: SortColumn[];
  limit: number;
  pageToken?: string;
}

interface Token {
  /** Sort values of the last row, as text. */
  k: (string | null)[];
  /** Digest of the order, which gives the values their meaning. */
  h: string;
}

function decode(token: string): Token {
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(
      Uint8Array.from(
        atob(token.replaceAll("-", "+").replaceAll("_", "/")),
        (c) => c.charCodeAt(0),
      ),
    );
  } catch {
    throw invalid("Invalid page token, could not base64-decode");
  }
  try {
    const parsed = JSON.parse(text) as Token;
    if (Array.isArray(parsed.k) && typeof parsed.h === "string") return parsed;
  } catch { /* told below */ }
  throw invalid(`Invalid page token, decoded value=${text}`);
}

function encode(token: Token): string {
  const bytes = new TextEncoder().encode(JSON.stringify(token));
  return btoa(Array.from(bytes, (b) => String.fromCharCode(b)).join(""))
    .replaceAll("+", "-").replaceAll("/", "_");
}

/**
 * SQL of one page with one row more than `limit`, and how to make the next token of its last row.
 * The sort values come back as columns k0, k1…, as text.
 */
export function pageSql(query: PagedQuery): { text: string; params: unknown[]; digest: string } {
  const params = [...query.params];
  const columns = query.sort.flatMap((column): SortColumn[] => {
    const sorted = column.type === "text"
      ? { ...column, expression: `${column.expression} collate "C"` }
      : column;
    if (!column.hasNaN || column.ascending) return [sorted];
    const isNaN = { expression: `(${column.expression} = 'NaN')::int`, type: "int8" as const };
    return [{ ...isNaN, ascending: true }, sorted];
  });
  const order = columns.map((c) => `${c.expression} ${c.ascending ? "asc" : "desc"} nulls last`);
  const digest = createHash("sha256").update(order.join()).digest("base64url").slice(0, 12);
  const where = [...query.where];
  if (query.pageToken) {
    const { k, h } = decode(query.pageToken);
    if (h !== digest || k.length !== columns.length) {
      throw invalid("Invalid page token: it belongs to a search with another order");
    }
    const cursor = columns.map((column, i) => {
      if (k[i] === null) return null;
      params.push(k[i]);
      return `$${params.length}::text::${column.type}`;
    });
    const equal = (i: number) =>
      cursor[i] === null
        ? `${columns[i].expression} is null`
        : `${columns[i].expression} = ${cursor[i]}`;
    const after = columns.flatMap((column, i) => {
      // Nothing of the same column comes after a null.
      if (cursor[i] === null) return [];
      const sign = column.ascending ? ">" : "<";
      const beyond = `(${column.expression} ${sign} ${cursor[i]} or ${column.expression} is null)`;
      return [[...columns.slice(0, i).map((_, j) => equal(j)), beyond].join(" and ")];
    });
    where.push(`(${after.map((a) => `(${a})`).join(" or ")})`);
  }
  const keys = columns.map((column, i) => `(${column.expression})::text as k${i}`);
  params.push(query.limit + 1);
  const text = `select ${[query.select, ...keys].join(", ")} from ${query.from}` +
    (where.length ? ` where ${where.join(" and ")}` : "") +
    ` order by ${order.join(", ")} limit $${params.length}`;
  return { text, params, digest };
}

/** The rows of a page and the token of the next, by the sort columns k0… of the last row kept. */
export function pageOf<Row extends Record<string, unknown>>(
  rows: Row[],
  limit: number,
  digest: string,
): { rows: Row[]; nextPageToken?: string } {
  if (rows.length <= limit) return { rows };
  const kept = rows.slice(0, limit);
  const last = kept.at(-1);
  if (!last) return { rows: kept };
  const k: (string | null)[] = [];
  for (let i = 0; `k${i}` in last; i++) k.push(last[`k${i}`] as string | null);
  return { rows: kept, nextPageToken: encode({ k, h: digest }) };
}

/** Runs the query and cuts its page. */
export async function queryPage<Row extends Record<string, unknown>>(
  sql: Sql,
  query: PagedQuery,
): Promise<{ rows: Row[]; nextPageToken?: string }> {
  const { text, params, digest } = pageSql(query);
  return pageOf(await sql.query<Row>(text, params), query.limit, digest);
}
