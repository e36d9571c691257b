/**
 * The update of a step in lanes as WebAssembly: one pass over parameters, slots and the lanes'
 * gradients, in place, of which each lane takes its part. It is made from the optimizer's own graph,
 * operator by operator, so that it is the update of a step without lanes but for the order of sums.
 * @module
 */
import { add, clip, mul } from "../builder/mod.ts";
import { Graph, splatOf, type Value } from "../graph/graph.ts";
import { clipScale, type FlatOptimizer } from "../optimizers.ts";
import {
  floatsIn,
  instantiate,
  lineBytes,
  pagesOf,
  sharedMemory,
  wholeLines,
} from "../wasm/shared_memory.ts";
import { elementwise, VectorLocals } from "../wasm/vector_code.ts";
import { encodeWasm, type, wasm } from "../wasm/wasm_module.ts";

/** What an update is made of. */
export interface UpdateOptions {
  optimizer: FlatOptimizer;
  clipNorm?: number;
  clipValue?: number;
  /** Number of parameters. */
  size: number;
  lanes: number;
  /** How many gradients there are of each lane. Default 1. */
  parts?: number;
}

/** An update, as plain data. */
export interface UpdateProgram {
  module: Uint8Array<ArrayBuffer>;
  /** Number of parameters. */
  size: number;
  lanes: number;
  /** How many gradients are added up. */
  gradients: number;
  /** Vectors of state: the parameters and the optimizer's slots. */
  vectors: number;
  /** How many numbers it is told. */
  numbers: number;
  clipNorm?: number;
}

/** Two sets of state, then the gradients of each lane. */
const pagesFor = (
  { size, vectors, gradients }: Pick<UpdateProgram, "size" | "vectors" | "gradients">,
) => pagesOf(wholeLines(size) * (2 * vectors + gradients));

/** The update by the sum of all gradients. */
export function updateProgram(options: UpdateOptions): UpdateProgram {
  const { optimizer, clipNorm, clipValue, size, lanes, parts = 1 } = options;
  const stride = wholeLines(size), vectors = 1 + optimizer.slots.length;
  const g = new Graph({ forRuntime: true });
  const flat = (name: string) => g.input(name, "float32", [size]);
  const state = ["parameters", ...optimizer.slots].map(flat);
  const gradients = Array.from({ length: lanes * parts }, (_, i) => flat(`gradient/${i}`));
  const numbers = Array.from(
    { length: 1 + optimizer.scalars },
    (_, i) => g.input(`number/${i}`, "float32", [1]),
  );
  const [scale, ...scalars] = numbers;
  let gradient = gradients.reduce((a, b) => add(g, a, b));
  if (clipValue !== undefined) gradient = clip(g, gradient, -clipValue, clipValue);
  const norm = squaresFunction(gradient, gradients, stride, vectors);
  if (clipNorm !== undefined) gradient = mul(g, gradient, scale);
  const [parameters, ...slots] = state;
  const updated = optimizer.update(g, parameters, gradient, slots, scalars);
  const results = [updated.parameters, ...updated.slots];
  const counts = { lanes, gradients: gradients.length, vectors, numbers: numbers.length };
  const program = { size, ...counts, clipNorm };
  // Locals: where from, where to, which set, the numbers.
  const loop = new VectorLoop(3 + numbers.length);
  state.forEach((v, i) => loop.vector(v, stride * i, 2));
  gradients.forEach((v, i) => loop.vector(v, stride * (2 * vectors + i)));
  numbers.forEach((v, i) => loop.number(v, 3 + i));
  const locals = results.map((v) => loop.compute(v));
  const stores = locals.flatMap((local, i) => [
    ...wasm.get(0),
    ...wasm.get(2),
    ...wasm.addInteger,
    ...wasm.get(local),
    ...wasm.store(stride * i),
  ]);
  const update = {
    name: "update",
    params: [type.i32, type.i32, type.i32, ...numbers.map(() => type.f32)],
    results: [],
    locals: loop.locals,
    body: [...loop.before, ...wasm.eachVector(0, 1, [...loop.body, ...stores])],
  };
  return { ...program, module: encodeWasm(pagesFor(program), [norm, update]) };
}

/** The sum of squares of `gradient`, in double precision. */
function squaresFunction(gradient: Value, gradients: Value[], stride: number, vectors: number) {
  const sums = [2, 3];
  const loop = new VectorLoop(4);
  gradients.forEach((v, i) => loop.vector(v, stride * (2 * vectors + i)));
  const x = loop.compute(gradient);
  const half = (high: boolean) => [
    ...wasm.get(x),
    ...high ? [...wasm.get(x), ...wasm.high] : [],
    ...wasm.promoteLow,
  ];
  const squares = sums.flatMap((sum, i) => [
    ...wasm.get(sum),
    ...half(i === 1),
    ...half(i === 1),
    ...wasm.mulDoubles,
    ...wasm.addDoubles,
    ...wasm.set(sum),
  ]);
  const total = [
    ...wasm.get(sums[0]),
    ...wasm.get(sums[1]),
    ...wasm.addDoubles,
    ...wasm.set(sums[0]),
    ...[0, 1].flatMap((i) => [...wasm.get(sums[0]), ...wasm.lane(i)]),
    ...wasm.addDouble,
  ];
  return {
    name: "squares",
    params: [type.i32, type.i32],
    results: [type.f64],
    locals: [type.v128, type.v128, ...loop.locals],
    body: [...loop.before, ...wasm.eachVector(0, 1, [...loop.body, ...squares]), ...total],
  };
}

/** Elementwise values of a graph, computed a vector at a time. */
class VectorLoop {
  /** What is done for each vector. */
  readonly body: number[] = [];
  readonly #locals: VectorLocals;
  readonly #known = new Map<Value, number>();

  constructor(firstLocal: number) {
    this.#locals = new VectorLocals(firstLocal);
  }

  /** What is done once. */
  get before(): number[] {
    return this.#locals.before;
  }

  get locals(): number[] {
    return this.#locals.types;
  }

  #newLocal(v: Value): number {
    const local = this.#locals.add();
    this.#known.set(v, local);
    return local;
  }

  /** `v` lies in memory at `offset`, from the address in local `base` on. */
  vector(v: Value, offset: number, base?: number): void {
    const address = base === undefined
      ? wasm.get(0)
      : [...wasm.get(0), ...wasm.get(base), ...wasm.addInteger];
    this.body.push(...address, ...wasm.load(offset), ...wasm.set(this.#newLocal(v)));
  }

  /** `v` is the number in a parameter. */
  number(v: Value, parameter: number): void {
    this.before.push(...wasm.get(parameter), ...wasm.splat, ...wasm.set(this.#newLocal(v)));
  }

  /** The local that holds `v`. @throws {TypeError} If an operator is none of the elementwise ones. */
  compute(v: Value): number {
    const known = this.#known.get(v);
    if (known !== undefined) return known;
    const instructions = this.#instructions(v);
    const local = this.#newLocal(v);
    this.body.push(...instructions, ...wasm.set(local));
    return local;
  }

  #instructions(v: Value): number[] {
    const number = splatOf(v);
    if (number !== undefined) return this.#locals.constant(number);
    const { node } = v;
    const inputs = (node?.inputs ?? []).map((input) => wasm.get(this.compute(input!)));
    const instructions = node && elementwise(node, inputs, this.#locals);
    if (!instructions) {
      throw new TypeError(
        `Cannot compile update: operators must be elementwise, got ${node?.op ?? "an input"}`,
      );
    }
    return instructions;
  }
}

/** Memory that all lanes of a step share. */
export interface UpdateMemory {
  memory: WebAssembly.Memory;
  /** The two sets of state: parameters and slots. */
  sets: Float32Array[][];
  /** Those of the first lane's parts, then of the others'. */
  gradients: Float32Array[];
}

/**
 * Memory for an update. Its arrays, of which ONNX Runtime may take tensors, are valid while `memory`
 * is alive.
 *
 * @throws {RangeError} If there is not as much memory.
 */
export function updateMemory(program: UpdateProgram): UpdateMemory {
  const { size, vectors, gradients } = program;
  const stride = wholeLines(size), memory = sharedMemory(pagesFor(program));
  const vector = (i: number) => floatsIn(memory, i * stride, size);
  const range = (n: number, from: number) => Array.from({ length: n }, (_, i) => vector(from + i));
  return {
    memory,
    sets: [range(vectors, 0), range(vectors, vectors)],
    gradients: range(gradients, 2 * vectors),
  };
}

type Squares = (begin: number, end: number) => number;
type Update = (begin: number, end: number, set: number, ...numbers: number[]) => void;

/** One lane's part of the update: the same code on every thread. */
export class UpdateKernel {
  readonly #squares: Squares;
  readonly #update: Update;
  readonly #begin: number;
  readonly #end: number;
  readonly #setBytes: number;

  constructor(program: UpdateProgram, memory: WebAssembly.Memory, lane: number) {
    const exports = instantiate(program.module, memory);
    this.#squares = exports.squares as Squares;
    this.#update = exports.update as Update;
    const stride = wholeLines(program.size), lines = stride / lineBytes;
    const from = (i: number) => Math.floor(lines * i / program.lanes) * lineBytes;
    this.#begin = from(lane);
    this.#end = from(lane + 1);
    this.#setBytes = program.vectors * stride;
  }

  /** Sum of squares of this part of the gradient. */
  squares(): number {
    return this.#squares(this.#begin, this.#end);
  }

  /** Updates this part of set 0 or 1; `numbers` are what `updateNumbers` gives. */
  update(set: number, numbers: Iterable<number>): void {
    this.#update(this.#begin, this.#end, set * this.#setBytes, ...numbers);
  }
}

/** What an update is told: the gradient's scale, then the optimizer's scalars. */
export function updateNumbers(
  program: UpdateProgram,
  squares: number,
  scalars: Iterable<number>,
): number[] {
  const { clipNorm } = program;
  const scale = clipNorm === undefined ? 1 : clipScale(Math.sqrt(squares), clipNorm);
  return [scale, ...scalars];
}
