/** How large a GraphQL query may be, checked before anything is looked up. @module */
import type { DocumentNode, FieldNode, FragmentDefinitionNode, SelectionNode } from "graphql";

const maxDepth = 10;
const maxSelections = 1000;
const maxRootFields = 10;
const maxAliases = 10;

/** The fields of one level, those of its fragments among them, each fragment once. */
function fieldsOf(
  selections: readonly SelectionNode[],
  fragments: Map<string, FragmentDefinitionNode>,
  seen = new Set<string>(),
): FieldNode[] {
  return selections.flatMap((selection) => {
    if (selection.kind === "Field") return [selection];
    if (selection.kind === "InlineFragment") {
      return fieldsOf(selection.selectionSet.selections, fragments, seen);
    }
    const name = selection.name.value;
    const fragment = seen.has(name) ? undefined : fragments.get(name);
    seen.add(name);
    return fragment ? fieldsOf(fragment.selectionSet.selections, fragments, seen) : [];
  });
}

const tooMany = (count: number, most: number, what: string) =>
  `GraphQL queries should have at most ${most} ${what}, got ${count} ${what}`;

/** What of the document is beyond the limits, or null. */
export function excessOf(document: DocumentNode): string | null {
  const fragments = new Map<string, FragmentDefinitionNode>();
  for (const definition of document.definitions) {
    if (definition.kind === "FragmentDefinition") {
      fragments.set(definition.name.value, definition);
    }
  }
  let roots = 0;
  let aliases = 0;
  for (const definition of document.definitions) {
    if (definition.kind !== "OperationDefinition") continue;
    let selections = 0;
    let level = [definition.selectionSet];
    for (let depth = 1; level.length > 0; depth++) {
      if (depth > maxDepth) return `Query exceeds maximum depth of ${maxDepth}`;
      const next: typeof level = [];
      for (const { selections: written } of level) {
        const fields = fieldsOf(written, fragments);
        if (depth === 1) roots += fields.length;
        selections += fields.length;
        if (selections > maxSelections) {
          return `Query exceeds maximum total selections of ${maxSelections}`;
        }
        aliases = Math.max(aliases, fields.filter((field) => field.alias).length);
        for (const field of fields) if (field.selectionSet) next.push(field.selectionSet);
      }
      level = next;
    }
  }
  if (roots > maxRootFields) return tooMany(roots, maxRootFields, "root fields");
  return aliases > maxAliases ? tooMany(aliases, maxAliases, "aliases") : null;
}
