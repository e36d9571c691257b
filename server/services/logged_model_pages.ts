/** Page tokens of searches of logged models, which belong to one search alone. @module */
import { invalid } from "../errors.ts";
import { pythonRepr } from "./validation.ts";

/** What a search asks for, page after page. */
export interface AskedModels {
  experimentIds: string[];
  filter?: string;
  orderBy?: object[];
}

const fields = [
  ["experimentIds", "Experiment IDs in the page token do not match the requested experiment IDs"],
  ["filter", "Filter string in the page token does not match the requested filter string"],
  ["orderBy", "Order by in the page token does not match the requested order by"],
] as const;

/** Absent and empty are the same. */
function told(value: unknown): string {
  if (value === undefined || value === "" || Array.isArray(value) && value.length === 0) {
    return "None";
  }
  return typeof value === "string" ? value : JSON.stringify(value);
}

/** The token of the next page with the search that it belongs to. */
export function sealToken(asked: AskedModels, place: string | undefined): string | undefined {
  if (place === undefined) return undefined;
  const bytes = new TextEncoder().encode(JSON.stringify({ ...asked, place }));
  return btoa(String.fromCharCode(...bytes));
}

/**
 * The place that a token names.
 *
 * @throws {ApiError} If it is no token, or one of another search.
 */
export function openToken(asked: AskedModels, token: string | undefined): string | undefined {
  if (!token) return undefined;
  let sealed: AskedModels & { place?: unknown };
  try {
    const bytes = Uint8Array.from(atob(token), (c) => c.charCodeAt(0));
    sealed = JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    throw invalid(`Invalid page token: ${pythonRepr(token)}`);
  }
  if (typeof sealed?.place !== "string") throw invalid(`Invalid page token: ${pythonRepr(token)}`);
  for (const [field, words] of fields) {
    const [expected, found] = [told(asked[field]), told(sealed[field])];
    if (expected !== found) throw invalid(`${words}. Expected: ${expected}. Found: ${found}`);
  }
  return sealed.place;
}
