/**
 * MLflow's filter grammar, with OR, NOT and parentheses on top:
 *
 *     filter     = or
 *     or         = and { OR and }
 *     and        = not { AND not }
 *     not        = [NOT] ( "(" or ")" | comparison )
 *     comparison = identifier operator value
 *                | identifier [NOT] IN "(" value { "," value } ")"
 *                | identifier IS [NOT] NULL
 * @module
 */
import { invalid } from "../errors.ts";
import { clauseParts, FilterSyntaxError, position, type Token, tokenize } from "./lexer.ts";

export type Comparator =
  | "="
  | "!="
  | "<"
  | "<="
  | ">"
  | ">="
  | "LIKE"
  | "ILIKE"
  | "RLIKE"
  | "IN"
  | "NOT IN"
  | "IS NULL"
  | "IS NOT NULL";

export interface Comparison {
  kind: "comparison";
  /** What the key belongs to, under its main name: `metric`, `parameter`, `tag`, `attribute`… */
  entity: string;
  key: string;
  comparator: Comparator;
  /** A number for numeric keys, a list for IN, absent for IS NULL. */
  value?: string | number | string[];
}

export type Filter =
  | Comparison
  | { kind: "and" | "or"; parts: Filter[] }
  | { kind: "not"; part: Filter };

/** What may be asked of one kind of thing; each search has its own. */
export interface Grammar {
  /** Main name of each entity by every name that it may be called. */
  entities: Record<string, string>;
  /** The main names, in the order in which a message lists them. */
  entityNames: string[];
  /** Keys of attributes (and other closed entities) and whether they are numbers. */
  keys: Record<string, Record<string, "string" | "number">>;
  /** Keys by another name, `created` for `start_time`. */
  aliases?: Record<string, string>;
  /** What messages call a key, where it is not "attribute key". */
  keyWords?: string;
  /** MLflow's words for an entity that is none, where they are not the usual ones. */
  entityWords?: string;
  /** MLflow's words for a comparator that a key does not take; null for the usual ones. */
  comparatorWords?(entity: string, key: string, comparator: Comparator): string | null;
  /** MLflow's words for a filter that is no list of comparisons, where they are not the usual ones. */
  syntaxWords?(filter: string): string;
  /** Whether messages put the parts of a clause in quotes. */
  quotesParts?: boolean;
  /** Entities whose values may be numbers as well as strings. */
  freeValues?: readonly string[];
  /** The entities that order_by may name; all of them where it is absent. */
  orders?: readonly string[];
  /** Comparators allowed. */
  comparators(entity: string, key: string): readonly Comparator[];
}

export const numberComparators: readonly Comparator[] = [">", ">=", "!=", "=", "<", "<="];
export const stringComparators: readonly Comparator[] = ["!=", "=", "LIKE", "ILIKE"];

const maxDepth = 100;

/** Removes one pair of the quotes that a key may wear. */
function unquote(text: string): string {
  return /^(`[^]*`|"[^]*"|'[^]*')$/.test(text) && text.length >= 2 ? text.slice(1, -1) : text;
}

const list = (names: readonly string[]) => `[${names.map((n) => `'${n}'`).join(", ")}]`;
const set = (names: readonly string[]) => `{${names.map((n) => `'${n}'`).join(", ")}}`;

/**
 * Entity and key of an identifier as filters and order_by write it.
 *
 * @throws {ApiError} For an entity or an attribute that the grammar does not know.
 */
export function parseIdentifier(
  text: string,
  grammar: Grammar,
  where = "",
): { entity: string; key: string } {
  const dot = /^(`[^`]*`|"[^"]*"|[^.`"]*)\./.exec(text);
  const bare = !dot || (/^[`"]/.test(text) && !(unquote(dot[1]) in grammar.entities));
  const written = bare ? "attribute" : unquote(dot![1]);
  const entity = Object.hasOwn(grammar.entities, written) ? grammar.entities[written] : undefined;
  if (entity === undefined) {
    throw invalid(
      `Invalid entity type '${written}'. ` +
        (grammar.entityWords ?? `Valid values are ${list(grammar.entityNames)}`) + where,
    );
  }
  let key = unquote(bare ? text : text.slice(dot![0].length));
  const known = grammar.keys[entity];
  if (known) {
    if (grammar.aliases && Object.hasOwn(grammar.aliases, key)) key = grammar.aliases[key];
    if (!Object.hasOwn(known, key)) {
      const aliases = Object.entries(grammar.aliases ?? {})
        .flatMap(([alias, name]) => Object.hasOwn(known, name) ? [alias] : []);
      throw invalid(
        `Invalid ${grammar.keyWords ?? `${entity} key`} '${key}' specified. Valid keys are '${
          set([...Object.keys(known), ...aliases])
        }'${where}`,
      );
    }
  }
  return { entity, key };
}

class Parser {
  #tokens: Token[];
  #i = 0;
  #depth = 0;

  constructor(readonly filter: string, readonly grammar: Grammar) {
    this.#tokens = tokenize(filter);
  }

  parse(): Filter {
    const filter = this.#or();
    if (this.#peek().kind !== "end") throw this.#unexpected("AND, OR or the end");
    return filter;
  }

  #peek(): Token {
    return this.#tokens[this.#i];
  }

  #isWord(word: string, ahead = 0): boolean {
    const token = this.#tokens[Math.min(this.#i + ahead, this.#tokens.length - 1)];
    return token.kind === "word" && token.text.toUpperCase() === word;
  }

  #takeWord(word: string): boolean {
    if (!this.#isWord(word)) return false;
    this.#i++;
    return true;
  }

  #takePunctuation(text: string): boolean {
    const token = this.#peek();
    if (token.kind !== "punctuation" || token.text !== text) return false;
    this.#i++;
    return true;
  }

  #unexpected(expected: string) {
    const token = this.#peek();
    const found = token.kind === "end" ? "the end" : `'${token.text}'`;
    return new FilterSyntaxError(`expected ${expected}, found ${found}`, token.at);
  }

  #or(): Filter {
    const parts = [this.#and()];
    while (this.#takeWord("OR")) parts.push(this.#and());
    return parts.length === 1 ? parts[0] : { kind: "or", parts };
  }

  #and(): Filter {
    const parts = [this.#not()];
    while (this.#takeWord("AND")) parts.push(this.#not());
    return parts.length === 1 ? parts[0] : { kind: "and", parts };
  }

  #not(): Filter {
    if (++this.#depth > maxDepth) {
      throw new FilterSyntaxError(`nested deeper than ${maxDepth}`, this.#peek().at);
    }
    try {
      if (this.#takeWord("NOT")) return { kind: "not", part: this.#not() };
      if (this.#takePunctuation("(")) {
        const inner = this.#or();
        if (!this.#takePunctuation(")")) throw this.#unexpected("')'");
        return inner;
      }
      return this.#comparison();
    } finally {
      this.#depth--;
    }
  }

  #comparison(): Comparison {
    const first = this.#peek();
    if (first.kind !== "word" && !(first.kind === "string" && first.text[0] === '"')) {
      if (/^(number|string)$/.test(first.kind) && this.#tokens[this.#i + 1].kind === "operator") {
        throw invalid(
          `Invalid comparison clause. Expected 'Identifier' found '${first.text}' ` +
            position(this.filter, first.at),
        );
      }
      throw this.#unexpected("a key such as metrics.loss");
    }
    this.#i++;
    if (this.grammar.syntaxWords && this.#peek().kind === "end") {
      throw this.#unexpected("a comparator");
    }
    const where = ` ${position(this.filter, first.at)}`;
    const { entity, key } = parseIdentifier(first.text, this.grammar, where);
    const operatorAt = this.#peek();
    const comparator = this.#comparator();
    const allowed = this.grammar.comparators(entity, key);
    if (!allowed.includes(comparator)) {
      if (comparator === "IS NULL" || comparator === "IS NOT NULL") {
        const hasParams = this.grammar.entityNames.includes("parameter");
        throw invalid(
          `IS NULL / IS NOT NULL is only supported for tags${hasParams ? " and params" : ""}, ` +
            `not for ${hasParams ? `'${entity}'` : entity} '${key}' ` +
            position(this.filter, operatorAt.at),
        );
      }
      this.#refuseList(entity, key, comparator);
      const words = this.grammar.comparatorWords?.(entity, key, comparator) ??
        `Invalid comparator '${comparator}' not one of '${set(this.#told(entity, allowed))}'`;
      throw invalid(`${words} ${position(this.filter, operatorAt.at)}`);
    }
    if (comparator === "IS NULL" || comparator === "IS NOT NULL") {
      return { kind: "comparison", entity, key, comparator };
    }
    const value = comparator === "IN" || comparator === "NOT IN"
      ? this.#list()
      : this.#value(entity, key);
    return { kind: "comparison", entity, key, comparator, value };
  }

  /** The comparators as MLflow tells them: all attributes that are text seem to take a list. */
  #told(entity: string, allowed: readonly Comparator[]): readonly Comparator[] {
    if (entity !== "attribute" || !allowed.includes("LIKE")) return allowed;
    return [...new Set([...allowed, "IN", "NOT IN"] as const)];
  }

  /** Tells a list, or a word for a number, before the comparator that does not belong, as MLflow does. */
  #refuseList(entity: string, key: string, comparator: Comparator): void {
    const token = this.#peek();
    if (this.#isNumeric(entity, key)) {
      if (token.text !== "(") this.#value(entity, key);
      else throw this.#notANumber(entity, key, this.#listText());
      return;
    }
    if (comparator !== "IN" && comparator !== "NOT IN") return;
    const where = position(this.filter, token.at);
    if (entity === "attribute") {
      const withList = Object.keys(this.grammar.keys.attribute).filter((name) =>
        this.grammar.comparators("attribute", name).includes("IN")
      );
      throw invalid(
        `Only ${list(withList)} attributes support comparison with a list of quoted string ` +
          `values. Found ${where}`,
      );
    }
    throw invalid(
      `Expected a quoted string value for ${entity} (e.g. 'my-value'). ` +
        `Got value ${this.#listText()} ${where}`,
    );
  }

  /** The list that begins here as it was written, for a message. */
  #listText(): string {
    const from = this.#peek().at;
    const end = this.filter.indexOf(")", from);
    return this.filter.slice(from, end < 0 ? undefined : end + 1);
  }

  #notANumber(entity: string, key: string, found: string) {
    return invalid(
      (entity === "metric"
        ? "Expected numeric value type for metric. "
        : `Expected numeric value type for numeric attribute: ${key}. `) +
        `Found ${found} ${position(this.filter, this.#peek().at)}`,
    );
  }

  #comparator(): Comparator {
    const token = this.#peek();
    if (token.kind === "operator") {
      this.#i++;
      if (token.text === "==") return "=";
      if (token.text === "<>") return "!=";
      return token.text as Comparator;
    }
    if (this.#takeWord("LIKE")) return "LIKE";
    if (this.#takeWord("ILIKE")) return "ILIKE";
    if (this.#takeWord("RLIKE")) return "RLIKE";
    if (this.#takeWord("IN")) return "IN";
    if (this.#isWord("NOT") && this.#isWord("IN", 1)) {
      this.#i += 2;
      return "NOT IN";
    }
    if (this.#takeWord("IS")) {
      const not = this.#takeWord("NOT");
      if (!this.#takeWord("NULL")) throw this.#unexpected("NULL");
      return not ? "IS NOT NULL" : "IS NULL";
    }
    throw this.#unexpected("a comparator");
  }

  #isNumeric(entity: string, key: string): boolean {
    return entity === "metric" || this.grammar.keys[entity]?.[key] === "number";
  }

  #value(entity: string, key: string): string | number {
    const token = this.#peek();
    // A comparison that ends here is no comparison, whatever its value would be.
    if (token.kind === "end") throw this.#unexpected("a value");
    const where = position(this.filter, token.at);
    const found = token.text;
    if (this.#isNumeric(entity, key)) {
      if (token.kind !== "number") throw this.#notANumber(entity, key, found);
      this.#i++;
      return Number(token.text);
    }
    if (token.kind === "number" && this.grammar.freeValues?.includes(entity)) {
      this.#i++;
      return Number(token.text);
    }
    if (token.kind !== "string") {
      throw invalid(
        token.kind === "word"
          ? "Parameter value is either not quoted or unidentified quote types used for string " +
            `value ${found}. Use either single or double quotes. Found ${where}`
          : entity === "attribute"
          ? `Expected a quoted string value for attributes. Got value ${found} ${where}`
          : `Expected a quoted string value for ${entity} (e.g. 'my-value'). ` +
            `Got value ${found} ${where}`,
      );
    }
    this.#i++;
    return stringValue(token.text);
  }

  /** The list that begins at `open` as Python writes it, where one of a single value has a comma. */
  #tuple(open: number): string {
    const end = this.filter.indexOf(")", open);
    const text = this.filter.slice(open + 1, end < 0 ? undefined : end).trim();
    return text.includes(",") ? `(${text})` : `(${text},)`;
  }

  #list(): string[] {
    const open = this.#peek().at;
    if (!this.#takePunctuation("(")) throw this.#unexpected("'(' and a list of quoted strings");
    const values: string[] = [];
    for (;;) {
      const token = this.#peek();
      if (values.length === 0 && token.kind === "punctuation" && token.text === ")") {
        throw invalid(
          "While parsing a list in the query, expected a non-empty list of string values, but got " +
            `empty list ${position(this.filter, token.at)}`,
        );
      }
      if (token.kind === "end") throw this.#unexpected("a quoted string");
      if (token.kind !== "string") {
        throw invalid(
          "While parsing a list in the query, expected string value, punctuation, or whitespace, " +
            `but got different type in list: ${this.#tuple(open)} ${
              position(this.filter, token.at)
            }`,
        );
      }
      values.push(stringValue(token.text));
      this.#i++;
      if (this.#takePunctuation(")")) return values;
      if (!this.#takePunctuation(",")) throw this.#unexpected("',' or ')'");
      if (this.#takePunctuation(")")) return values;
    }
  }
}

function stringValue(text: string): string {
  const inner = text.slice(1, -1);
  return text[0] === "'" ? inner.replaceAll("''", "'") : inner;
}

/**
 * The filter that `text` says, or null when it says nothing.
 *
 * @throws {ApiError} INVALID_PARAMETER_VALUE, saying what is wrong and at which character.
 */
export function parseFilter(text: string | undefined, grammar: Grammar): Filter | null {
  if (!text?.trim()) return null;
  try {
    return new Parser(text, grammar).parse();
  } catch (error) {
    if (!(error instanceof FilterSyntaxError)) throw error;
    const where = `(${error.reason} ${position(text, error.at)})`;
    if (grammar.syntaxWords) throw invalid(`${grammar.syntaxWords(text)} ${where}`);
    const parts = clauseParts(text, error.at)
      .map((part) => grammar.quotesParts ? `'${part}'` : part).join(", ");
    throw invalid(`Invalid clause(s) in filter string: ${parts} ${where}`);
  }
}
