/** Turns parsed filters into SQL conditions; values only ever travel as parameters. @module */
import type { Comparison, Filter } from "../search/filter.ts";
import { textArray } from "./arrays.ts";

/** Collects parameters while SQL is written. */
export class Params {
  readonly values: unknown[] = [];
  /** The placeholder of a new parameter. */
  add(value: unknown): string {
    this.values.push(value);
    return `$${this.values.length}`;
  }
}

/** SQL of one comparison. */
export type CompileComparison = (comparison: Comparison, params: Params) => string;

/** The whole condition. A comparison never gives null, so NOT is the complement. */
export function filterSql(filter: Filter, params: Params, compile: CompileComparison): string {
  switch (filter.kind) {
    case "comparison":
      return compile(filter, params);
    case "not":
      return `not (${filterSql(filter.part, params, compile)})`;
    default:
      return `(${
        filter.parts.map((part) => filterSql(part, params, compile)).join(` ${filter.kind} `)
      })`;
  }
}

/** `column <comparator> value` for text. LIKE knows no escape, as in MLflow. */
export function textCondition(column: string, comparison: Comparison, params: Params): string {
  const { comparator, value } = comparison;
  switch (comparator) {
    case "LIKE":
    case "ILIKE":
      return `${column} ${comparator.toLowerCase()} ${params.add(value)}::text escape ''`;
    case "RLIKE":
      return `${column} ~ ${params.add(value)}::text`;
    case "IN":
      return `${column} = any(${params.add(textArray(value as string[]))}::text::text[])`;
    case "NOT IN":
      return `${column} <> all(${params.add(textArray(value as string[]))}::text::text[])`;
    default:
      return `${column} ${comparator} ${params.add(value)}::text`;
  }
}

/** `column <comparator> value` for numbers. NaN is unequal to everything and compares to nothing. */
export function numberCondition(column: string, comparison: Comparison, params: Params): string {
  const { comparator, value } = comparison;
  const condition = `${column} ${comparator} ${params.add(value)}::float8`;
  return comparator === "!=" || comparator === "<" || comparator === "<="
    ? condition
    : `(${condition} and ${column} <> 'NaN'::float8)`;
}

/**
 * A condition on a table of keys and values that belong to the outer row by `owner`. The prefix of
 * the value lets an index answer, where the table has one.
 */
export function keyValueCondition(
  table: string,
  owner: string,
  comparison: Comparison,
  params: Params,
  options: { indexedPrefix?: boolean; keyColumn?: string } = {},
): string {
  const key = params.add(comparison.key);
  const exists = `exists (select 1 from ${table} kv where ${owner} and kv.${
    options.keyColumn ?? "key"
  } = ${key}::text`;
  if (comparison.comparator === "IS NOT NULL") return `${exists})`;
  if (comparison.comparator === "IS NULL") return `not ${exists})`;
  const value = textCondition("kv.value", comparison, params);
  const prefix = options.indexedPrefix && comparison.comparator === "="
    ? ` and left(kv.value, 200) = left($${params.values.length}::text, 200)`
    : "";
  return `${exists} and ${value}${prefix})`;
}
