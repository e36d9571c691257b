/** What may be asked when searching the MCP server registry. @module */
import { type Comparator, type Grammar, numberComparators, stringComparators } from "./filter.ts";

const attribute = { attribute: "attribute", attributes: "attribute", attr: "attribute" };
const times = { created_at: "number", last_updated_at: "number" } as const;
const anyText: readonly Comparator[] = [...stringComparators, ">", ">=", "<", "<="];
const anyTextOrList: readonly Comparator[] = [...anyText, "IN", "NOT IN"];

const comparatorsOf = (lists: readonly string[]) => (entity: string, key: string) =>
  entity === "attribute" && Object.hasOwn(times, key)
    ? numberComparators
    : lists.includes(key)
    ? anyTextOrList
    : anyText;

export const mcpServerGrammar: Grammar = {
  entities: { tag: "tag", tags: "tag", ...attribute },
  entityNames: ["tag", "attribute"],
  keys: {
    attribute: {
      name: "string",
      display_name: "string",
      status: "string",
      has_access_endpoints: "string",
      ...times,
    },
  },
  comparators: (entity, key) =>
    entity === "tag"
      ? anyText
      : key === "has_access_endpoints"
      ? ["="]
      : comparatorsOf(["status", "name"])(entity, key),
};

export const mcpVersionGrammar: Grammar = {
  entities: attribute,
  entityNames: ["attribute"],
  keys: { attribute: { name: "string", version: "string", status: "string", ...times } },
  comparators: (entity, key) =>
    key === "version" ? numberComparators : comparatorsOf(["status"])(entity, key),
};

export const mcpEndpointGrammar: Grammar = {
  entities: attribute,
  entityNames: ["attribute"],
  keys: {
    attribute: { status: "string", server_name: "string", transport_type: "string", ...times },
  },
  comparators: comparatorsOf(["server_name"]),
};
