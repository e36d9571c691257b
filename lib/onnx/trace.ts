/**
 * Recording what a tfjs function computes, without computing it.
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import { type Engine, engine, type MutableVariable } from "./_engine.ts";
import { traceBackend } from "./_register.ts";
import { TraceError } from "./errors.ts";
import type { TypedData } from "./graph/dtype.ts";
import { constantData, Graph, type Value } from "./graph/graph.ts";
import { eliminateDead } from "./graph/eliminate_dead.ts";
import { foldSums } from "./graph/fold_sums.ts";
import { patchGradients } from "./gradients.ts";
import { traceSeed } from "./random_trace.ts";
import { lowerLayers } from "./layers/lower.ts";
import { graphDtype, type Recording, traceBackendName } from "./trace_backend.ts";

/** Shape and type of an input of a traced function. */
export interface TensorSpec {
  shape: number[];
  /** Default `float32`. */
  dtype?: "float32" | "int32" | "bool";
  /** Name of the graph's input. Default `input_0`, `input_1`, … */
  name?: string;
}

/** What a traced function may return. */
export type TraceOutput = tf.Tensor | tf.Tensor[] | Record<string, tf.Tensor>;

/** A variable that the function read or assigned. */
export interface TracedVariable {
  readonly variable: tf.Variable;
  /** Its value before; an input of the graph. Null if it was only assigned. */
  input: Value | null;
  /** Its value after, if it was assigned. */
  assigned: Value | null;
}

/** A recorded function. */
export interface Trace {
  readonly graph: Graph;
  /** The function's own inputs, in order. */
  readonly inputs: Value[];
  /** Names and values of what it returned. */
  readonly outputs: { name: string; value: Value }[];
  /** Variables that it touched. Unless bound by the caller, each is an input of the graph. */
  readonly variables: TracedVariable[];
  /** Key of random numbers, a uint32 input of shape [1]; null if the function draws none. */
  readonly randomKey: Value | null;
  /** Learning rates of tfjs optimizers that ran inside, as scalar inputs. */
  readonly learningRates: { optimizer: tf.Optimizer; value: Value }[];
}

/** How a caller directs a trace into a graph of its own. */
export interface TraceOptions {
  graph?: Graph;
  /** Values to use for variables, instead of inputs. */
  bind?: (variable: tf.Variable) => Value | undefined;
  /** Replaces layers by fused forms where that computes the same. Default true. */
  lower?: boolean;
}

/**
 * The graph of `fn` for inputs of the given specs.
 *
 * Nothing is computed: `fn` runs once against a recording backend. Variables that it reads become
 * inputs of the graph, those that it assigns outputs; the real variables are left as they were.
 * Random draws become random numbers of the graph, keyed by an input. Other JavaScript values that
 * it reads are constants of the graph.
 *
 * @throws {UnsupportedOpError} If it dispatches a kernel without a translation.
 * @throws {TraceError} If it reads values of tensors, draws seeded numbers or uses Math.random().
 *
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs";
 * import assert from "node:assert/strict";
 * import { trace } from "./trace.ts";
 * const { graph } = trace((x) => tf.relu(tf.add(x, 1)), [{ shape: [2, 3] }]);
 * assert.deepEqual(graph.nodes.map((n) => n.op), ["Add", "Relu"]);
 * ```
 */
export function trace(
  fn: (...inputs: tf.Tensor[]) => TraceOutput,
  specs: TensorSpec[],
  options: TraceOptions = {},
): Trace {
  const graph = options.graph ?? new Graph();
  const names = specs.map((s, i) => s.name ?? `input_${i}`);
  const inputs = specs.map((s, i) => graph.input(names[i], s.dtype ?? "float32", s.shape));
  const result = traceInto(graph, fn, inputs, options);
  for (const o of result.outputs) graph.output(o.name, o.value);
  for (const v of result.variables) {
    if (v.assigned) graph.output(`var/${v.variable.name}:new`, v.assigned);
  }
  eliminateDead(graph);
  foldSums(graph);
  return result;
}

/** Records `fn` into `graph`, with given values as its inputs; declares no outputs. */
export function traceInto(
  graph: Graph,
  fn: (...inputs: tf.Tensor[]) => TraceOutput,
  inputs: Value[],
  options: TraceOptions = {},
): Trace {
  const b = traceBackend();
  const e = engine();
  if (b.recording) throw new TraceError("Cannot trace: another trace is running");
  if (e.state.gradientDepth > 0) {
    throw new TraceError(
      "Cannot trace: a gradient is being computed; trace around tf.grad instead",
    );
  }
  // The real backend must exist: variables and closed-over tensors live there.
  const realBackend = e.backend;
  const realName = e.backendName!;
  const variables: TracedVariable[] = [];
  let randomKey: Value | null = null;
  const learningRates: Trace["learningRates"] = [];
  const recording: Recording = {
    graph,
    values: new Map(),
    lazy: new Map(),
    layers: [],
    numberInputs: [],
    randomSites: 0,
    mathRandomCalls: 0,
    randomKey: () => randomKey ??= graph.input("randomKey", "uint32", [1]),
  };
  const counters = {
    numBytes: e.state.numBytes,
    numTensors: e.state.numTensors,
    numDataBuffers: e.state.numDataBuffers,
  };
  const swapped = swapVariables(e, b, recording, graph, options.bind, variables);
  const restorePatches = [
    patchMathRandom(recording),
    patchLayers(recording),
    patchOptimizers(recording, learningRates),
    patchGradients(),
    options.lower === false ? () => {} : lowerLayers(),
  ];
  b.recording = recording;
  e.backendName = traceBackendName;
  e.backendInstance = b;
  const outputs: { name: string; value: Value }[] = [];
  let succeeded = false;
  try {
    tf.tidy(() => {
      const tensors = inputs.map((v) => e.makeTensorFromTensorInfo(b.wrap(v), b));
      const result = fn(...tensors);
      if (result instanceof Promise) {
        throw new TraceError("Cannot trace: the function must be synchronous, got a Promise");
      }
      for (const [name, tensor] of namedOutputs(result)) {
        outputs.push({ name, value: b.graphValue(tensor) });
      }
    });
    if (recording.mathRandomCalls > 0) {
      throw new TraceError(
        "Cannot trace: the function reads Math.random(), whose number would be the same at every call; pass it as an input",
      );
    }
    swapped.collect();
    succeeded = true;
  } finally {
    for (const restore of restorePatches.reverse()) restore();
    e.backendName = realName;
    e.backendInstance = realBackend;
    Object.assign(e.state, counters);
    swapped.restore(succeeded, realBackend);
    b.recording = null;
    // An error inside a kernel or gradient leaves the engine's depth counters as they were: it
    // unwinds them itself; only an interrupted tape needs dropping.
    if (!succeeded && e.state.gradientDepth === 0) e.state.activeTape = null;
  }
  return { graph, inputs, outputs, variables, randomKey, learningRates };
}

function namedOutputs(result: TraceOutput): [string, tf.Tensor][] {
  if (result instanceof tf.Tensor) return [["output_0", result]];
  if (Array.isArray(result)) return result.map((t, i) => [`output_${i}`, t]);
  const entries = Object.entries(result ?? {});
  if (entries.length === 0 || entries.some(([, t]) => !(t instanceof tf.Tensor))) {
    throw new TraceError(
      "Cannot trace: the function must return a tensor, a list or a record of tensors",
    );
  }
  return entries;
}

/**
 * Gives every registered variable an id of the recording backend, so that reading makes an input
 * and assigning frees nothing real. Variables made during the trace (an optimizer's slots) start
 * from a constant and are state from then on.
 */
function swapVariables(
  e: Engine,
  b: tf.KernelBackend,
  recording: Recording,
  graph: Graph,
  bind: TraceOptions["bind"],
  traced: TracedVariable[],
) {
  interface Swap {
    variable: tf.Variable;
    real: object;
    id: object;
    entry: TracedVariable | null;
  }
  const swaps: Swap[] = [];
  const created: (Swap & { initial: TypedData })[] = [];
  const register = (variable: tf.Variable, real: object): Swap => {
    const id = {};
    const swap: Swap = { variable, real, id, entry: null };
    e.state.tensorInfo.set(id, {
      backend: b,
      dtype: variable.dtype,
      shape: variable.shape,
      bytes: variable.size * 4,
    });
    recording.lazy.set(id, () => {
      const bound = bind?.(variable);
      const value = bound ??
        graph.input(`var/${variable.name}`, graphDtype(variable.dtype), variable.shape);
      swap.entry = { variable, input: value, assigned: null };
      traced.push(swap.entry);
      return value;
    });
    (variable as unknown as MutableVariable).dataId = id;
    return swap;
  };
  const before = { ...e.state.registeredVariables };
  for (const variable of Object.values(before)) swaps.push(register(variable, variable.dataId));

  const makeVariable = e.makeVariable;
  e.makeVariable = function (initial, trainable, name, dtype) {
    const variable = makeVariable.call(e, initial, trainable, name, dtype);
    const value = recording.values.get(variable.dataId as object) ??
      traceBackend().graphValue(variable);
    if (!value.constant) {
      throw new TraceError(
        `Cannot trace: variable "${variable.name}" is made inside and must start from a constant`,
      );
    }
    created.push({ ...register(variable, {}), initial: constantData(value).slice() as TypedData });
    return variable;
  };

  return {
    collect(): void {
      for (const s of [...swaps, ...created]) {
        const { variable } = s;
        if (e.state.registeredVariables[variable.name] !== variable) {
          throw new TraceError(
            `Cannot trace: variable "${variable.name}" is disposed inside the function`,
          );
        }
        if (variable.dataId as object === s.id) continue;
        const assigned = traceBackend().graphValue(variable);
        const entry = traced.find((t) => t.variable === variable);
        if (entry) entry.assigned = assigned;
        else traced.push({ variable, input: null, assigned });
      }
    },
    restore(succeeded: boolean, real: tf.KernelBackend): void {
      // An own property hid the method of the class.
      delete (e as { makeVariable?: unknown }).makeVariable;
      e.state.registeredVariables = Object.assign(e.state.registeredVariables, before);
      for (const s of swaps) (s.variable as unknown as MutableVariable).dataId = s.real;
      for (const c of created) {
        const v = c.variable as unknown as MutableVariable;
        if (!succeeded) {
          delete e.state.registeredVariables[v.name];
          continue;
        }
        const bytes = c.initial.byteLength;
        v.dataId = real.write(
          c.initial as tf.BackendValues,
          v.shape,
          v.dtype,
        ) as object;
        e.state.tensorInfo.set(v.dataId, { backend: real, dtype: v.dtype, shape: v.shape, bytes });
        e.state.numTensors++;
        e.state.numDataBuffers++;
        e.state.numBytes += bytes;
      }
    },
  };
}

function patchMathRandom(recording: Recording): () => void {
  const original = Math.random;
  Math.random = () => {
    recording.mathRandomCalls++;
    return traceSeed;
  };
  return () => {
    Math.random = original;
  };
}

/** Keeps the names of the layers being called, for error messages and node names. */
function patchLayers(recording: Recording): () => void {
  const proto = tf.layers.Layer.prototype;
  const original = proto.apply;
  proto.apply = function (this: tf.layers.Layer, ...args: Parameters<typeof original>) {
    recording.layers.push(this.name);
    try {
      return original.apply(this, args);
    } finally {
      recording.layers.pop();
    }
  };
  return () => {
    proto.apply = original;
  };
}

type ApplyGradients = (this: tf.Optimizer, gradients: tf.NamedTensorMap) => void;

/** The classes' declared parameters differ from one another; all take gradients by name. */
const optimizerClasses = () =>
  [
    tf.SGDOptimizer,
    tf.MomentumOptimizer,
    tf.RMSPropOptimizer,
    tf.AdamOptimizer,
    tf.AdamaxOptimizer,
    tf.AdagradOptimizer,
    tf.AdadeltaOptimizer,
  ] as unknown as { prototype: { applyGradients: ApplyGradients } }[];

/**
 * A tfjs optimizer's learning rate is a number in JavaScript, which a trace would freeze. While it
 * applies gradients the number is a probe that the recording backend knows for an input.
 */
function patchOptimizers(
  recording: Recording,
  learningRates: Trace["learningRates"],
): () => void {
  interface HasRate {
    learningRate: number;
    c?: tf.Tensor;
  }
  const restores = optimizerClasses().map(({ prototype }) => {
    const own = Object.hasOwn(prototype, "applyGradients");
    const original = prototype.applyGradients;
    prototype.applyGradients = function (gradients) {
      const self = this as unknown as HasRate;
      const rate = self.learningRate, c = self.c;
      let entry = learningRates.find((l) => l.optimizer === this);
      const n = learningRates.length;
      const probe = Math.fround(0.7310585786300049 + n / 1024);
      recording.numberInputs.push({
        probe,
        value: (g) => {
          if (!entry) {
            const value = g.input(n === 0 ? "learningRate" : `learningRate_${n}`, "float32", []);
            learningRates.push(entry = { optimizer: this, value });
          }
          return entry.value;
        },
      });
      self.learningRate = probe;
      if (c) self.c = tf.scalar(-probe);
      try {
        return original.call(this, gradients);
      } finally {
        self.learningRate = rate;
        if (c) self.c = c;
        recording.numberInputs.pop();
      }
    };
    return () => {
      if (own) prototype.applyGradients = original;
      else delete (prototype as { applyGradients?: unknown }).applyGradients;
    };
  });
  return () => restores.forEach((restore) => restore());
}
