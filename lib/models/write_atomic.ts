/** Files that are there whole or not at all. @module */

/**
 * Writes `bytes` beside `path` and moves them into place, so that a reader, or a process that ends in
 * the middle, never leaves half a file there.
 *
 * @throws {Error} What the file system answered; nothing of the attempt is left behind.
 */
export async function writeAtomic(path: string, bytes: Uint8Array): Promise<void> {
  const temporary = `${path}.${crypto.randomUUID()}.tmp`;
  try {
    await Deno.writeFile(temporary, bytes);
    await Deno.rename(temporary, path);
  } catch (error) {
    await Deno.remove(temporary).catch(() => {});
    throw error;
  }
}
