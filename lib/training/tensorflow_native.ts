/**
 * The native TensorFlow backend (@tensorflow/tfjs-node-gpu), where its libraries are installed.
 * @module
 */
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import type { Tf } from "../models/mod.ts";

/** What is missing for the native backend, or null when all of its parts are there. */
export function missingNativePart(): string | null {
  let folder: string;
  try {
    folder = dirname(
      createRequire(import.meta.url).resolve("@tensorflow/tfjs-node-gpu/package.json"),
    );
  } catch {
    return "the package @tensorflow/tfjs-node-gpu is not installed";
  }
  const addons = join(folder, "lib");
  let addon = false;
  try {
    for (const entry of Deno.readDirSync(addons)) {
      if (exists(join(addons, entry.name, "tfjs_binding.node"))) addon = true;
    }
  } catch { /* no add-on was built */ }
  if (!addon) return "the native add-on of @tensorflow/tfjs-node-gpu is not built";
  return null;
}

function exists(path: string): boolean {
  try {
    Deno.statSync(path);
    return true;
  } catch {
    return false;
  }
}

/**
 * Loads the native backend and makes it the active one.
 *
 * The add-on's JavaScript calls three functions of `util` that Node.js removed and Deno never had;
 * they are put back first.
 *
 * @throws {Error} If the add-on or its shared library can't be loaded.
 */
export async function loadNativeTensorflow(tf: Tf): Promise<void> {
  const util = createRequire(import.meta.url)("node:util") as Record<string, unknown>;
  util.isNullOrUndefined ??= (v: unknown) => v === null || v === undefined;
  util.isString ??= (v: unknown) => typeof v === "string";
  util.isObject ??= (v: unknown) => typeof v === "object" && v !== null;
  await import("@tensorflow/tfjs-node-gpu");
  if (!(await tf.setBackend("tensorflow"))) {
    throw new Error("Cannot load TensorFlow: the backend did not initialise");
  }
}
