/** Reads the order and the limits of searches of the MCP server registry. @module */
import type { McpOrder } from "../../db/mcp_versions.ts";
import { invalid } from "../../errors.ts";
import type { Filter, Grammar } from "../../search/filter.ts";
import { parseFilter } from "../../search/filter.ts";

export interface McpSearch {
  filter?: string;
  maxResults: number;
  orderBy?: string[];
  pageToken?: string;
}

/**
 * The clauses `<key> [ASC|DESC]`.
 *
 * @throws {ApiError} For a key that is not among `keys`, a repeated one, or another ending.
 */
function parseOrders(clauses: readonly string[] | undefined, keys: readonly string[]): McpOrder[] {
  const orders: McpOrder[] = [];
  for (const clause of clauses ?? []) {
    const words = clause.trim().split(/\s+/);
    if (words.length > 2) {
      throw invalid(`Invalid order_by clause '${clause}'. Could not be parsed.`);
    }
    const [quoted, direction = "asc"] = words;
    const key = quoted.replace(/^([`"])(.+)\1$/, "$2");
    if (!/^(asc|desc)$/i.test(direction)) {
      throw invalid(`Invalid ordering key in order_by clause '${clause}'.`);
    }
    if (!keys.includes(key)) {
      const valid = keys.toSorted().map((k) => `'${k}'`).join(", ");
      throw invalid(`Invalid order_by key '${key}'. Valid keys: [${valid}]`);
    }
    if (orders.some((o) => o.key === key)) throw invalid(`Duplicate order_by field: '${key}'`);
    orders.push({ key, ascending: direction.toLowerCase() === "asc" });
  }
  return orders;
}

/** A search's text as what the database is asked; at most `most` results where it is given. */
export function parseSearch(
  search: McpSearch,
  grammar: Grammar,
  orderKeys: readonly string[],
  most = 50_000,
): { filter: Filter | null; orders: McpOrder[]; limit: number; pageToken?: string } {
  const { maxResults } = search;
  if (maxResults < 1) {
    throw invalid(
      `Invalid value ${maxResults} for parameter 'max_results' supplied. ` +
        "It must be a positive integer",
    );
  }
  if (maxResults > most) {
    throw invalid(
      `Invalid value for max_results. It must be at most ${most}, but got ${maxResults}`,
    );
  }
  return {
    filter: parseFilter(search.filter, grammar),
    orders: parseOrders(search.orderBy, orderKeys),
    limit: maxResults,
    pageToken: search.pageToken || undefined,
  };
}
