/** What may be asked when searching issues. @module */
import type { Grammar } from "./filter.ts";

export const issueGrammar: Grammar = {
  entities: { attribute: "attribute", attributes: "attribute", attr: "attribute" },
  entityNames: ["attribute"],
  keys: { attribute: { status: "string", source_run_id: "string" } },
  comparators: () => ["=", "!="],
};
