/** Splits filter strings into tokens that know where they stand. @module */
import { invalid } from "../errors.ts";

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

const operators = ["<=", ">=", "!=", "<>", "==", "<", ">", "="];

/**
 * The tokens of `filter`, ended by one of kind "end". A word may hold dots and quoted parts:
 * ``params.`learning rate` `` is one word. The keys of params and metrics may also hold `/`, `-`
 * and `:` without quotes where that is unambiguous.
 *
 * @throws {ApiError} For a quote that is not closed or a character that starts nothing.
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
        throw invalid(
          `Invalid clause(s) in filter string: the quote ${quote} is not closed ` +
            position(filter, from),
        );
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
    throw invalid(
      `Invalid clause(s) in filter string: '${c}' is not understood ${position(filter, start)}`,
    );
  }
  tokens.push({ kind: "end", text: "", at: filter.length });
  return tokens;
}
