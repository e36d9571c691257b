/** Splits filter strings into tokens that know where they stand. @module */
import { invalid } from "../errors.ts";

/** What is wrong with the shape of a filter, and where; parseFilter() makes an answer of it. */
export class FilterSyntaxError extends Error {
  constructor(readonly reason: string, readonly at: number) {
    super(reason);
  }
}

export type TokenKind = "word" | "string" | "number" | "operator" | "punctuation" | "end";

export interface Token {
  kind: TokenKind;
  /** As it was written, quotes included. */
  text: string;
  /** Offset of its first character. */
  at: number;
}

/** Where in the filter something is wrong, for the end of a message. */
export function position(filter: string, at: number): string {
  return `at character ${at + 1} of the filter ${JSON.stringify(filter)}`;
}

/** `!` alone is none, and told to be none. */
const operators = ["<=", ">=", "!=", "<>", "==", "<", ">", "=", "!"];

/**
 * The tokens of `filter`, ended by one of kind "end". A word may hold dots and quoted parts:
 * ``params.`learning rate` `` is one word. The keys of params and metrics may also hold `/`, `-`
 * and `:` without quotes where that is unambiguous.
 *
 * @throws {FilterSyntaxError} For a quote that is not closed or a character that starts nothing.
 * @throws {ApiError} For a semicolon.
 */
export function tokenize(filter: string): Token[] {
  const tokens: Token[] = [];
  let i = 0;
  const quoted = (from: number): number => {
    const quote = filter[from];
    let end = from + 1;
    for (;;) {
      end = filter.indexOf(quote, end);
      if (end < 0) {
        throw new FilterSyntaxError(`the quote ${quote} is not closed`, from);
      }
      if (quote === "'" && filter[end + 1] === "'") end += 2;
      else return end + 1;
    }
  };
  while (i < filter.length) {
    const start = i;
    const c = filter[i];
    if (/\s/.test(c)) {
      i++;
      continue;
    }
    const operator = operators.find((o) => filter.startsWith(o, i));
    if (operator) {
      tokens.push({ kind: "operator", text: operator, at: start });
      i += operator.length;
      continue;
    }
    if ("(),".includes(c)) {
      tokens.push({ kind: "punctuation", text: c, at: start });
      i++;
      continue;
    }
    const number = /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?(?![\w.])/.exec(filter.slice(i, i + 400));
    if (number) {
      tokens.push({ kind: "number", text: number[0], at: start });
      i += number[0].length;
      continue;
    }
    if (c === "'") {
      i = quoted(i);
      tokens.push({ kind: "string", text: filter.slice(start, i), at: start });
      continue;
    }
    if (/[\p{L}\p{N}_"`]/u.test(c)) {
      while (i < filter.length) {
        if (filter[i] === '"' || filter[i] === "`") i = quoted(i);
        else if (/[\p{L}\p{N}_./\-:]/u.test(filter[i])) i++;
        else break;
      }
      const text = filter.slice(start, i);
      tokens.push({ kind: /^"[^"]*"$/.test(text) ? "string" : "word", text, at: start });
      continue;
    }
    if (c === ";") {
      throw invalid(
        `Search filter contained multiple expression '${filter}'. Provide AND-ed expression list. ` +
          `Found ';' ${position(filter, start)}`,
      );
    }
    throw new FilterSyntaxError(`'${c}' is not understood`, start);
  }
  tokens.push({ kind: "end", text: "", at: filter.length });
  return tokens;
}

/** Parts of a clause as MLflow's messages list them. */
const parts = /'(?:[^']|'')*'|"[^"]*"|[(),]|[<>=!]+|[^\s(),<>=!'"`]*`[^`]*`|[^\s(),<>=!'"`]+|\S/g;

/** The parts of the filter from the clause that holds character `at` on, without its ANDs. */
export function clauseParts(filter: string, at: number): string[] {
  const before = [...filter.slice(0, at).matchAll(/\sAND\s/gi)].at(-1);
  const clause = filter.slice(before ? before.index + before[0].length : 0);
  return [...clause.matchAll(parts)].map(([part]) => part).filter((part) => !/^and$/i.test(part));
}
