/**
 * ONNX Runtime through its C interface, from the very library that onnxruntime-node has loaded: a
 * call on memory that stays is one foreign call, without an object for each tensor. What a lane
 * calls thousands of times a second.
 *
 * @see https://onnxruntime.ai/docs/api/c/struct_ort_api.html, whose members keep their places
 * @module
 */
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { onnxElementType, type TypedData } from "../graph/dtype.ts";
import type { SessionOptions } from "../runtime.ts";
import type { LaneSession, LaneTensor } from "./lane_session.ts";
import { addressOf } from "../memory_address.ts";

/** Version of the interface that is asked for; newer libraries have it as well. */
const apiVersion = 17;

const pointer = "pointer" as const, buffer = "buffer" as const, i32 = "i32" as const;
const size = "usize" as const;
const one = (...parameters: ("pointer" | "buffer" | "i32" | "usize")[]) =>
  ({ parameters, result: pointer }) as const;
const release = { parameters: [pointer], result: "void" } as const;

/** Places and types of the members of OrtApi that are used. */
const members = {
  GetErrorMessage: [2, { parameters: [pointer], result: pointer }],
  CreateEnv: [3, one(i32, buffer, buffer)],
  CreateSessionFromArray: [8, one(pointer, buffer, size, pointer, buffer)],
  Run: [
    9,
    {
      parameters: [pointer, pointer, buffer, buffer, size, buffer, size, buffer],
      result: pointer,
    },
  ],
  CreateSessionOptions: [10, one(buffer)],
  SetSessionGraphOptimizationLevel: [23, one(pointer, i32)],
  SetIntraOpNumThreads: [24, one(pointer, i32)],
  CreateTensorWithDataAsOrtValue: [
    49,
    {
      parameters: [pointer, pointer, size, buffer, size, i32, buffer],
      result: pointer,
    },
  ],
  CreateCpuMemoryInfo: [69, one(i32, i32, buffer)],
  ReleaseStatus: [93, release],
  ReleaseSession: [95, release],
  ReleaseValue: [96, release],
  ReleaseSessionOptions: [100, release],
} as const;

const optimizationLevels = { disabled: 0, basic: 1, extended: 2, all: 99 };

type Call = (...args: unknown[]) => Deno.PointerValue;

/** The interface, ready to be called. */
class Api {
  readonly call: Record<keyof typeof members, Call>;
  readonly environment: Deno.PointerValue;
  readonly memory: Deno.PointerValue;

  constructor(path: string) {
    const { symbols } = Deno.dlopen(path, {
      OrtGetApiBase: { parameters: [], result: "pointer" },
    });
    const function_ = <F extends Deno.ForeignFunction>(address: bigint, type: F) => {
      const fn = new Deno.UnsafeFnPointer(Deno.UnsafePointer.create(address)!, type);
      return fn.call.bind(fn) as unknown as Call;
    };
    const base = new Deno.UnsafePointerView(symbols.OrtGetApiBase()!);
    const getApi = function_(base.getBigUint64(0), { parameters: ["u32"], result: "pointer" });
    const api = getApi(apiVersion);
    if (!api) throw new Error(`Cannot use ONNX Runtime: version ${apiVersion} must be supported`);
    const view = new Deno.UnsafePointerView(api);
    this.call = Object.fromEntries(
      Object.entries(members).map(([name, [place, type]]) => [
        name,
        function_(view.getBigUint64(8 * place), type as Deno.ForeignFunction),
      ]),
    ) as Api["call"];
    // Warnings and worse, as onnxruntime-node has it. The environment is one in a process.
    this.environment = this.made((out) => this.call.CreateEnv(2, text("lane"), out));
    this.memory = this.made((out) => this.call.CreateCpuMemoryInfo(1, 0, out));
  }

  /** @throws {Error} With ONNX Runtime's own words, if a call has failed. */
  check(status: Deno.PointerValue): void {
    if (status === null) return;
    const message = Deno.UnsafePointerView.getCString(this.call.GetErrorMessage(status)!);
    this.call.ReleaseStatus(status);
    throw new Error(message);
  }

  /** What a call writes into its last parameter. */
  made(call: (out: BigUint64Array) => Deno.PointerValue): Deno.PointerValue {
    const out = new BigUint64Array(1);
    this.check(call(out));
    return Deno.UnsafePointer.create(out[0]);
  }
}

const text = (value: string) => new TextEncoder().encode(`${value}\0`);

let api: Api | null | undefined;

/** The interface; null where the library is not found or may not be called. */
function nativeApi(): Api | null {
  if (api !== undefined) return api;
  const { os, arch } = Deno.build;
  const file = { linux: "libonnxruntime.so.1", darwin: "libonnxruntime.1.dylib" }[os as string];
  try {
    const main = createRequire(import.meta.url).resolve("onnxruntime-node");
    const folder = `${os}/${arch === "x86_64" ? "x64" : "arm64"}`;
    api = file ? new Api(join(dirname(main), "../bin/napi-v6", folder, file)) : null;
  } catch {
    api = null;
  }
  return api;
}

/** A model whose calls read and write memory that stays. */
export class NativeSession implements LaneSession {
  readonly #api: Api;
  readonly #session: Deno.PointerValue;
  readonly #calls: Named[] = [];
  /** What the tensors lie on, which is kept alive, by the library's tensors. */
  readonly #made = new Map<bigint, TypedData>();

  private constructor(api: Api, model: Uint8Array, options: SessionOptions) {
    this.#api = api;
    const { call } = api;
    const settings = api.made((out) => call.CreateSessionOptions(out));
    const level = optimizationLevels[options.optimize ?? "all"];
    try {
      api.check(call.SetSessionGraphOptimizationLevel(settings, level));
      api.check(call.SetIntraOpNumThreads(settings, options.threads ?? 1));
      this.#session = api.made((out) =>
        call.CreateSessionFromArray(api.environment, model, BigInt(model.length), settings, out)
      );
    } finally {
      call.ReleaseSessionOptions(settings);
    }
  }

  /**
   * A session; null where onnxruntime-node must be used instead.
   *
   * @throws {Error} If ONNX Runtime refuses the model.
   */
  static create(model: Uint8Array, options: SessionOptions): NativeSession | null {
    const api = nativeApi();
    return api && new NativeSession(api, model, options);
  }

  prepare(inputs: LaneTensor[][], later: string[], outputs: LaneTensor[][]): (() => void)[][] {
    const fetches = outputs.map((tensors) => this.#named(tensors));
    return inputs.map((tensors) => {
      const fed = this.#named(tensors, later);
      this.#calls.push(fed);
      return fetches.map((fetched) => () =>
        this.#api.check(this.#api.call.Run(
          this.#session,
          null,
          fed.names,
          fed.values,
          fed.count,
          fetched.names,
          fetched.count,
          fetched.values,
        ))
      );
    });
  }

  replace(tensor: LaneTensor): void {
    const value = this.#value(tensor);
    let old = 0n;
    for (const { places, values } of this.#calls) {
      const place = places.indexOf(tensor.name);
      old = values[place];
      values[place] = value;
    }
    if (this.#made.delete(old)) this.#api.call.ReleaseValue(Deno.UnsafePointer.create(old));
  }

  #named(tensors: LaneTensor[], later: string[] = []): Named {
    const places = [...tensors.map((t) => t.name), ...later];
    const texts = places.map(text);
    const values = new BigUint64Array(places.length);
    tensors.forEach((t, i) => values[i] = this.#value(t));
    const names = BigUint64Array.from(texts, addressOf);
    return { places, texts, names, values, count: BigInt(places.length) };
  }

  #value({ data, dtype, shape }: LaneTensor): bigint {
    const { call, memory } = this.#api;
    const dims = BigInt64Array.from(shape, (d) => BigInt(d));
    const made = this.#api.made((out) =>
      call.CreateTensorWithDataAsOrtValue(
        memory,
        Deno.UnsafePointer.create(addressOf(data)),
        BigInt(data.byteLength),
        dims,
        BigInt(dims.length),
        onnxElementType[dtype],
        out,
      )
    );
    const value = Deno.UnsafePointer.value(made);
    this.#made.set(value, data);
    return value;
  }

  dispose(): void {
    for (const value of this.#made.keys()) {
      this.#api.call.ReleaseValue(Deno.UnsafePointer.create(value));
    }
    this.#made.clear();
    this.#api.call.ReleaseSession(this.#session);
  }
}

/** Tensors as a call takes them. */
interface Named {
  places: string[];
  /** Kept alive: `names` are their addresses. */
  texts: Uint8Array[];
  names: BigUint64Array<ArrayBuffer>;
  /** The library's tensors. */
  values: BigUint64Array<ArrayBuffer>;
  count: bigint;
}
