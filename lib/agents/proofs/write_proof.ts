/**
 * Where results of long proofs are kept.
 * @module
 */

/** Writes `testdata/proof_NAME.json`, with the command that made it. */
export async function writeProof(name: string, result: Record<string, unknown>): Promise<void> {
  const path = new URL(`../testdata/proof_${name}.json`, import.meta.url);
  await Deno.writeTextFile(path, JSON.stringify(result, null, 1) + "\n");
}
