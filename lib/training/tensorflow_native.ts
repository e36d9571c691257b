/**
 * The native TensorFlow backend (@tensorflow/tfjs-node-gpu), where its libraries are installed.
 * @module
 */
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import type { Tf } from "../models/mod.ts";

/** The native backend as the choice of backends sees it. */
export interface NativeTensorflow {
  /** What is missing, or null when all of its parts are there. */
  missing(): string | null;
  /**
   * Makes it the active backend, on GPU number `device` if one is named; whether it computes on a GPU.
   *
   * @throws {Error} If it can't be loaded, or has no such GPU.
   */
  load(tf: Tf, device?: number): Promise<{ usesGpu: boolean }>;
}

/** The add-on that is installed here, if it is. */
export const installedTensorflow: NativeTensorflow = {
  missing: missingNativePart,
  load: loadNativeTensorflow,
};

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

let loadedDevice: number | undefined | null = null;

/**
 * Loads the native backend and makes it the active one, on GPU number `device` if one is named.
 *
 * TensorFlow decides once per process which GPUs it sees; the choice is handed to it in
 * CUDA_VISIBLE_DEVICES before its library is loaded.
 *
 * The add-on's JavaScript calls three functions of `util` that Node.js removed and Deno never had;
 * they are put back first.
 *
 * @throws {Error} If the add-on or its shared library can't be loaded, another device was taken before,
 * or TensorFlow sees no such GPU.
 */
export async function loadNativeTensorflow(
  tf: Tf,
  device?: number,
): Promise<{ usesGpu: boolean }> {
  if (loadedDevice !== null && device !== undefined && device !== loadedDevice) {
    throw new Error(
      `Cannot use GPU ${device}: device must be chosen before TensorFlow is loaded, which was with ${
        loadedDevice ?? "none named"
      }`,
    );
  }
  if (loadedDevice === null && device !== undefined) {
    Deno.env.set("CUDA_VISIBLE_DEVICES", String(device));
  }
  const util = createRequire(import.meta.url)("node:util") as Record<string, unknown>;
  util.isNullOrUndefined ??= (v: unknown) => v === null || v === undefined;
  util.isString ??= (v: unknown) => typeof v === "string";
  util.isObject ??= (v: unknown) => typeof v === "object" && v !== null;
  await import("@tensorflow/tfjs-node-gpu");
  if (!(await tf.setBackend("tensorflow"))) {
    throw new Error("Cannot load TensorFlow: the backend did not initialise");
  }
  if (loadedDevice === null) loadedDevice = device;
  const { isUsingGpuDevice } = tf.backend() as unknown as { isUsingGpuDevice?: boolean };
  if (device !== undefined && !isUsingGpuDevice) {
    throw new Error(
      `Cannot use GPU ${device}: TensorFlow must be built with CUDA and see that device, got the CPU alone`,
    );
  }
  return { usesGpu: Boolean(isUsingGpuDevice) };
}
