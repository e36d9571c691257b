/** order_by clauses: `<identifier> [ASC|DESC]`. @module */
import { invalid } from "../errors.ts";
import { type Grammar, parseIdentifier } from "./filter.ts";

export interface Order {
  entity: string;
  key: string;
  ascending: boolean;
}

/**
 * The clauses, each field at most once; ascending unless DESC is said.
 *
 * @throws {ApiError} For a clause that is no identifier, an unknown key, or a repeated field.
 */
export function parseOrderBy(clauses: readonly string[] | undefined, grammar: Grammar): Order[] {
  const orders: Order[] = [];
  for (const clause of clauses ?? []) {
    const text = clause.trim();
    const match = /^(.*?)(?:\s+(asc|desc))?$/is.exec(text);
    const identifier = match?.[1].trim() ?? "";
    const quoted = /^([^\s`"]*[`"][^`"]*[`"])$/.test(identifier);
    if (
      !identifier || (!quoted && /\s/.test(identifier) && !isKnownWithSpaces(identifier, grammar))
    ) {
      throw invalid(
        /^[^\s`"]+\s+(?!(asc|desc)$)\w+$/i.test(identifier)
          ? `Invalid ordering key in order_by clause '${clause}'.`
          : `Invalid order_by clause '${clause}'. Could not be parsed.`,
      );
    }
    const { entity, key } = parseIdentifier(identifier, grammar);
    if (grammar.orders && !grammar.orders.includes(entity)) {
      throw invalid(`Invalid order_by entity: ${entity}`);
    }
    if (orders.some((o) => o.entity === entity && o.key === key)) {
      throw invalid(
        `\`order_by\` contains duplicate fields: [${clauses!.map((c) => `'${c}'`).join(", ")}]`,
      );
    }
    orders.push({ entity, key, ascending: match?.[2]?.toLowerCase() !== "desc" });
  }
  return orders;
}

function isKnownWithSpaces(identifier: string, grammar: Grammar): boolean {
  const key = identifier.includes(".") ? identifier.split(".", 2)[1] : identifier;
  return Object.hasOwn(grammar.aliases ?? {}, key);
}
