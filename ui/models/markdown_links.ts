/** Pictures of a Markdown text lie beside it: their relative addresses are made whole. @module */

/**
 * The text with `addressOf(path)` in place of each relative picture. `path` is where the text lies;
 * addresses that are whole, or that lead above its root, stay as they are.
 */
export function withWholeAddresses(
  markdown: string,
  path: string,
  addressOf: (path: string) => string,
): string {
  const folder = path.split("/").slice(0, -1);
  return markdown.replace(
    /(!\[[^\]]*\]\()(?![a-z][\w+.-]*:|\/|#)([^)\s]+)/gi,
    (all, head: string, target: string) => {
      const parts = [...folder];
      for (const part of decodeURIComponent(target).split("/")) {
        if (part === "..") {
          if (parts.pop() === undefined) return all;
        } else if (part !== "." && part !== "") parts.push(part);
      }
      return head + addressOf(parts.join("/"));
    },
  );
}
