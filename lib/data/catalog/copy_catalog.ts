import { DataError } from "../data_error.ts";
import type { Catalog } from "./catalog.ts";
import { keyOf, partitionPath } from "./partition.ts";

/**
 * Copies all partitions into a catalog that must hold none yet. Gives the number of files copied.
 *
 * @throws {DataError} If the target holds a catalog; `action` says what was to be done.
 */
export async function copyCatalog(from: Catalog, to: Catalog, action: string): Promise<number> {
  if ((await to.list()).length > 0) {
    throw new DataError(
      "bad-request",
      `Cannot ${action} the catalog: ${to.root} must hold no catalog yet`,
      { path: to.root },
    );
  }
  let files = 0;
  for (const manifest of await from.list()) {
    const key = keyOf(manifest);
    const folder = `${to.root}/${partitionPath(key)}`;
    await Deno.mkdir(folder, { recursive: true });
    for (const segment of manifest.segments) {
      await Deno.copyFile(from.pathOf(key, segment), to.pathOf(key, segment));
      files++;
    }
    // Last, so that a broken copy is no partition.
    await Deno.writeTextFile(`${folder}/manifest.json`, JSON.stringify(manifest, null, 1) + "\n");
  }
  return files;
}
