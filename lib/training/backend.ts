/**
 * The choice of what computes: ONNX Runtime, native TensorFlow, WebAssembly or plain JavaScript.
 * @module
 */
import { createRequire } from "node:module";
import { dirname } from "node:path";
import { loadTf, type Tf } from "../models/mod.ts";
import { installedTensorflow, type NativeTensorflow } from "./tensorflow_native.ts";

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
  /** What computes; `gpu` only where TensorFlow says that it uses one. */
  readonly device: "cpu" | "gpu";
}

export interface ChooseBackendOptions {
  /** Where the line that says which and why goes; once per choice. Default `console.info`. */
  log?: (line: string) => void;
  /**
   * `auto`: on a GPU if `tensorflow` is there and has one, else the usual choice. A number: on that GPU
   * of `tensorflow`; where it can't, that is an error: what was asked for a GPU is not quietly computed
   * elsewhere.
   */
  device?: number | "auto";
  /** The native backend. Default: the one that is installed. */
  native?: NativeTensorflow;
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
 * @throws {RangeError} If the name is not a backend's, or `device` goes with another than
 * `tensorflow`.
 * @throws {Error} If `device` is a number and there is no such GPU, or no TensorFlow.
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
  const { device, native = installedTensorflow } = options;
  checkDevice(device, asked);
  const tf = await loadTf();
  const settle = (backend: Backend): Backend => {
    current = backend;
    const line = `backend: ${backend.name} (${backend.reason})`;
    if (!told.has(line)) {
      told.add(line);
      log(line);
    }
    return backend;
  };
  const failures: string[] = [];
  if (device !== undefined) {
    const number = device === "auto" ? undefined : device;
    const state = await activate(tf, "tensorflow", native, number);
    if (device === "auto") {
      if (state.failure === null && state.usesGpu) {
        return settle({ name: "tensorflow", reason: "it has a GPU", device: "gpu" });
      }
      failures.push(`a GPU: ${state.failure ?? "tensorflow sees the CPU alone"}`);
    } else if (state.failure !== null) {
      throw new Error(
        `Cannot choose backend: device ${device} must be a GPU that tensorflow has, got: ${state.failure}`,
      );
    }
  }
  const order = asked
    ? [asked as BackendName, ...backendNames.filter((n) => n !== asked && n !== "tensorflow")]
    : backendNames;
  for (const candidate of order) {
    const number = typeof device === "number" ? device : undefined;
    const { failure, usesGpu } = await activate(tf, candidate, native, number);
    if (failure !== null) {
      failures.push(`${candidate}: ${failure}`);
      continue;
    }
    const why = candidate === asked
      ? fromEnvironment ? "TAPEBOOK_BACKEND asks for it" : "asked for by name"
      : failures.length > 0
      ? `not ${failures.join("; not ")}`
      : "the fastest at trading sizes";
    const reason = candidate === "tensorflow"
      ? `${why}; on ${usesGpu ? "its GPU" : "the CPU"}`
      : why;
    return settle({ name: candidate, reason, device: usesGpu ? "gpu" : "cpu" });
  }
  throw new Error(`Cannot choose backend: none works here (${failures.join("; ")})`);
}

/** @throws {RangeError} If a device is no GPU's number, or goes with another backend than tensorflow. */
function checkDevice(device: ChooseBackendOptions["device"], asked: string | undefined): void {
  if (device === undefined) return;
  if (device !== "auto" && !(Number.isInteger(device) && device >= 0)) {
    throw new RangeError(
      `Cannot choose backend: device must be auto, or the number of a GPU from 0 on, got ${device}`,
    );
  }
  if (asked !== "tensorflow" && !(device === "auto" && asked === undefined)) {
    throw new RangeError(
      `Cannot choose backend: device must be left out unless the backend is tensorflow, got ${device} with ${
        asked ?? "none named"
      }`,
    );
  }
}

/** What stands in a backend's way, or null; and whether it computes on a GPU. */
interface Activation {
  failure: string | null;
  usesGpu: boolean;
}

/** Makes a backend active. */
async function activate(
  tf: Tf,
  name: BackendName,
  native: NativeTensorflow,
  device?: number,
): Promise<Activation> {
  const onCpu = (failure: string | null): Activation => ({ failure, usesGpu: false });
  try {
    switch (name) {
      case "ort":
        await import("onnxruntime-node");
        // What is not compiled (weights, metrics of a few rows) runs here.
        if ((await activateWasm(tf)) !== null) await tf.setBackend("cpu");
        return onCpu(null);
      case "tensorflow": {
        const missing = native.missing();
        if (missing !== null) return onCpu(missing);
        return { failure: null, ...await native.load(tf, device) };
      }
      case "wasm":
        return onCpu(await activateWasm(tf));
      default:
        await tf.setBackend("cpu");
        return onCpu(null);
    }
  } catch (error) {
    return onCpu(error instanceof Error ? error.message.split("\n")[0] : String(error));
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
