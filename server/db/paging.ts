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
  /** Whether it can be null, which is the default. */
  nullable?: boolean;
  /** How to ask whether it is null, where that is cheaper than to ask the expression itself. */
  isNull?: string;
}

/**
 * Rows by the first sort column: those with a value, then NaN, then null. Each span is ordered as an
 * index is, so that the first page of a hundred thousand rows is read from it without sorting, and
 * a later page begins at its first row.
 */
export type Span = "present" | "nan" | "absent";

export interface PagedQuery {
  /** Columns of the page, without the sort columns. */
  select: string;
  from: string;
  where: string[];
  params: unknown[];
  sort: SortColumn[];
  limit: number;
  pageToken?: string;
  /** Reads the rows of one span only; all of them where it is absent. */
  span?: Span;
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

/** The sort columns as they stand in tokens: NaN gets a column of its own where it must come last. */
function expand(sort: readonly SortColumn[]): SortColumn[] {
  return sort.flatMap((column): SortColumn[] => {
    const sorted = column.type === "text"
      ? { ...column, expression: `${column.expression} collate "C"` }
      : column;
    if (!column.hasNaN || column.ascending) return [sorted];
    const isNaN = { expression: `(${column.expression} = 'NaN')::int`, type: "int8" as const };
    return [{ ...isNaN, ascending: true }, sorted];
  });
}

/** Place of the first sort column's own value among the expanded columns. */
const firstValue = (sort: readonly SortColumn[]) => sort[0].hasNaN && !sort[0].ascending ? 1 : 0;

function digestOf(columns: readonly SortColumn[]): string {
  const order = columns.map((c) => `${c.expression} ${c.ascending ? "asc" : "desc"} nulls last`);
  return createHash("sha256").update(order.join()).digest("base64url").slice(0, 12);
}

function readToken(token: string, columns: readonly SortColumn[]): (string | null)[] {
  const { k, h } = decode(token);
  if (h !== digestOf(columns) || k.length !== columns.length) {
    throw invalid("Invalid page token: it belongs to a search with another order");
  }
  return k;
}

/** The spans that hold the rows after the token, in their order. */
export function spansOf(sort: readonly SortColumn[], pageToken?: string): Span[] {
  const [{ hasNaN, nullable = true }] = sort;
  const spans: Span[] = ["present"];
  if (hasNaN) spans.push("nan");
  if (nullable) spans.push("absent");
  return pageToken ? spans.slice(spans.indexOf(spanOfToken(sort, pageToken))) : spans;
}

/** The span in which the token's row lies. */
export function spanOfToken(sort: readonly SortColumn[], pageToken: string): Span {
  const value = readToken(pageToken, expand(sort))[firstValue(sort)];
  return value === null ? "absent" : sort[0].hasNaN && value === "NaN" ? "nan" : "present";
}

/** What holds of the rows of a span. */
function spanCondition(column: SortColumn, span: Span): string[] {
  if (span === "absent") return [column.isNull ?? `${column.expression} is null`];
  if (span === "nan") return [`${column.expression} = 'NaN'`];
  if (column.hasNaN) return [`${column.expression} < 'NaN'`];
  return column.nullable === false ? [] : [`${column.expression} is not null`];
}

/**
 * SQL of one page with one row more than `limit`, and how to make the next token of its last row.
 * The sort values come back as columns k0, k1…, as text.
 */
export function pageSql(query: PagedQuery): { text: string; params: unknown[]; digest: string } {
  const params = [...query.params];
  const { span } = query;
  const columns = expand(query.sort);
  const first = firstValue(query.sort);
  // Within a span the first column is known to have a value, or is the same in all rows.
  const ordered = span === undefined
    ? columns
    : columns.slice(span === "present" ? first : first + 1);
  const hasValue = (column: SortColumn) =>
    column.nullable === false || span === "present" && column === columns[first];
  const where = [...query.where, ...span ? spanCondition(query.sort[0], span) : []];
  if (query.pageToken) {
    const k = readToken(query.pageToken, columns).slice(columns.length - ordered.length);
    const cursor = ordered.map((column, i) => {
      if (k[i] === null) return null;
      params.push(k[i]);
      return `$${params.length}::text::${column.type}`;
    });
    const equal = (i: number) =>
      cursor[i] === null
        ? `${ordered[i].expression} is null`
        : `${ordered[i].expression} = ${cursor[i]}`;
    const after = ordered.flatMap((column, i) => {
      // Nothing of the same column comes after a null.
      if (cursor[i] === null) return [];
      const sign = column.ascending ? ">" : "<";
      const beyond = `${column.expression} ${sign} ${cursor[i]}`;
      const last = hasValue(column) ? beyond : `(${beyond} or ${column.expression} is null)`;
      return [[...ordered.slice(0, i).map((_, j) => equal(j)), last].join(" and ")];
    });
    where.push(`(${after.map((a) => `(${a})`).join(" or ")})`);
    // Implied by the above, and a place in an index.
    if (span === "present") {
      const [{ expression, ascending }] = ordered;
      where.push(`${expression} ${ascending ? ">=" : "<="} ${cursor[0]}`);
    }
  }
  const order = ordered.map((column) => {
    // There are no nulls in this column, so they may stand where an index has them that is read
    // in either direction.
    const nulls = column.ascending && span === "present" && column === columns[first]
      ? "first"
      : "last";
    return `${column.expression} ${column.ascending ? "asc" : "desc"} nulls ${nulls}`;
  });
  const keys = columns.map((column, i) => `(${column.expression})::text as k${i}`);
  params.push(query.limit + 1);
  const text = `select ${[query.select, ...keys].join(", ")} from ${query.from}` +
    (where.length ? ` where ${where.join(" and ")}` : "") +
    ` order by ${order.join(", ")} limit $${params.length}`;
  return { text, params, digest: digestOf(columns) };
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

/** One page and the token of the next, absent on the last. */
export interface Page<Item> {
  items: Item[];
  nextPageToken?: string;
}

/** Runs the query and cuts its page; `toItem` says what each row is. */
export async function queryPage<Row extends Record<string, unknown>>(
  sql: Sql,
  query: PagedQuery,
): Promise<Page<Row>>;
export async function queryPage<Row extends Record<string, unknown>, Item>(
  sql: Sql,
  query: PagedQuery,
  toItem: (row: Row) => Item,
): Promise<Page<Item>>;
export async function queryPage<Row extends Record<string, unknown>>(
  sql: Sql,
  query: PagedQuery,
  toItem: (row: Row) => unknown = (row) => row,
): Promise<Page<unknown>> {
  const { text, params, digest } = pageSql(query);
  const cut = pageOf(await sql.query<Row>(text, params), query.limit, digest);
  return { items: cut.rows.map(toItem), nextPageToken: cut.nextPageToken };
}
