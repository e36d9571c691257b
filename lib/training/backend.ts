/**
 * The choice of what computes: ONNX Runtime, native TensorFlow, WebAssembly or plain JavaScript.
 * @module
 */
import { createRequire } from "node:module";
import { dirname } from "node:path";
import { loadTf, type Tf } from "../models/mod.ts";
import { loadNativeTensorflow, missingNativePart } from "./tensorflow_native.ts";

export const backendNames = ["ort", "tensorflow", "wasm", "cpu"] as const;

/**
 * `ort`: training steps compiled to one ONNX graph; `tensorflow`: libtensorflow, on a GPU where it
 * has one; `wasm`: SIMD WebAssembly; `cpu`: plain JavaScript, slow, always there.
 */
export type BackendName = (typeof backendNames)[number];

export interface Backend {
  readonly name: BackendName;
  /** Why this one. */
  readonly reason: string;
}

export interface ChooseBackendOptions {
  /** Where the line that says which and why goes; once per choice. Default `console.info`. */
  log?: (line: string) => void;
  /**
   * Number of the GPU that `tensorflow` is to compute on. Where it can't, that is an error: what was
   * asked for a GPU is not quietly computed elsewhere.
   */
  device?: number;
}

const told = new Set<string>();
let current: Backend | undefined;

/** The backend chosen last in this process, if any. */
export function currentBackend(): Backend | undefined {
  return current;
}

/**
 * Makes a backend active and says which and why: the one asked for, else the one that
 * TAPEBOOK_BACKEND names, else the first that works of `ort`, `tensorflow`, `wasm`, `cpu`. One that
 * is asked for but not installed is replaced by the next, and the line says so.
 *
 * @throws {RangeError} If the name is not a backend's, or `device` is named with another than
 * `tensorflow`.
 * @throws {Error} If `device` is named and there is no such GPU, or no TensorFlow.
 */
export async function chooseBackend(
  name?: string,
  options: ChooseBackendOptions = {},
): Promise<Backend> {
  const log = options.log ?? ((line: string) => console.info(line));
  const fromEnvironment = name === undefined && (Deno.env.get("TAPEBOOK_BACKEND") ?? "") !== "";
  const asked = name ?? (Deno.env.get("TAPEBOOK_BACKEND") || undefined);
  if (asked !== undefined && !(backendNames as readonly string[]).includes(asked)) {
    throw new RangeError(
      `Cannot choose backend: ${fromEnvironment ? "TAPEBOOK_BACKEND" : "name"} must be one of ${
        backendNames.join(", ")
      }, got ${asked}`,
    );
  }
  const { device } = options;
  if (device !== undefined) {
    if (!Number.isInteger(device) || device < 0) {
      throw new RangeError(
        `Cannot choose backend: device must be the number of a GPU from 0 on, got ${device}`,
      );
    }
    if (asked !== "tensorflow") {
      throw new RangeError(
        `Cannot choose backend: device must be left out unless the backend is tensorflow, got ${device} with ${
          asked ?? "none named"
        }`,
      );
    }
  }
  const tf = await loadTf();
  if (device !== undefined) {
    const failure = await activate(tf, "tensorflow", device);
    if (failure !== null) {
      throw new Error(
        `Cannot choose backend: device ${device} must be a GPU that tensorflow has, got: ${failure}`,
      );
    }
  }
  const order = asked
    ? [asked as BackendName, ...backendNames.filter((n) => n !== asked && n !== "tensorflow")]
    : backendNames;
  const failures: string[] = [];
  for (const candidate of order) {
    const failure = await activate(tf, candidate);
    if (failure !== null) {
      failures.push(`${candidate}: ${failure}`);
      continue;
    }
    const why = candidate === asked
      ? fromEnvironment ? "TAPEBOOK_BACKEND asks for it" : "asked for by name"
      : failures.length > 0
      ? `not ${failures.join("; not ")}`
      : "the fastest at trading sizes";
    current = { name: candidate, reason: why };
    const line = `backend: ${candidate} (${why})`;
    if (!told.has(line)) {
      told.add(line);
      log(line);
    }
    return current;
  }
  throw new Error(`Cannot choose backend: none works here (${failures.join("; ")})`);
}

/** Makes a backend active in TensorFlow.js; says what stands in the way, or null. */
async function activate(tf: Tf, name: BackendName, device?: number): Promise<string | null> {
  try {
    switch (name) {
      case "ort":
        await import("onnxruntime-node");
        // What is not compiled (weights, metrics of a few rows) runs here.
        if ((await activateWasm(tf)) !== null) await tf.setBackend("cpu");
        return null;
      case "tensorflow": {
        const missing = missingNativePart();
        if (missing !== null) return missing;
        await loadNativeTensorflow(tf, device);
        return null;
      }
      case "wasm":
        return await activateWasm(tf);
      default:
        await tf.setBackend("cpu");
        return null;
    }
  } catch (error) {
    return error instanceof Error ? error.message.split("\n")[0] : String(error);
  }
}

async function activateWasm(tf: Tf): Promise<string | null> {
  if (tf.getBackend() === "wasm") return null;
  const wasm = await import("@tensorflow/tfjs-backend-wasm");
  if (!tf.engine().registryFactory.wasm || !wasmPathSet) {
    // The package's Node.js build reads its .wasm files by file path, not by URL.
    const entry = createRequire(import.meta.url).resolve("@tensorflow/tfjs-backend-wasm");
    wasm.setWasmPaths(`${dirname(entry)}/`);
    wasmPathSet = true;
  }
  return await tf.setBackend("wasm") ? null : "the WebAssembly module did not initialise";
}

let wasmPathSet = false;
