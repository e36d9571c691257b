/**
 * One training step as a graph: state in, state out; and many steps as one Loop around it.
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import { clip, reshape, split } from "./builder/mod.ts";
import { type Dtype, sizeOf } from "./graph/dtype.ts";
import { eliminateDead } from "./graph/eliminate_dead.ts";
import { foldSums } from "./graph/fold_sums.ts";
import { Graph, type GraphNode, int, subgraph, type Value } from "./graph/graph.ts";
import { encodeModel } from "./graph/model_proto.ts";
import { scheduleGradients } from "./graph/schedule_gradients.ts";
import { clipByNorm, type FlatOptimizer } from "./optimizers.ts";
import { type LossFunction, recordGradient } from "./record_gradient.ts";
import { recordMicroBatches } from "./micro_batches.ts";
import type { TracedVariable } from "./trace.ts";
import { TraceError } from "./errors.ts";
import { type InputSpec, isShared } from "./input_spec.ts";
import type { Port, StepProgram } from "./step_runner.ts";

/** A recorded step. */
export interface StepGraph {
  readonly graph: Graph;
  readonly inputs: Record<string, Value>;
  readonly parameters: Value;
  readonly slots: Value[];
  /** State beside the parameters: variables that the loss assigns, batch statistics for instance. */
  readonly extra: { variable: tf.Variable; value: Value }[];
  /** Variables that are read and never change. */
  readonly frozen: { variable: tf.Variable; value: Value }[];
  readonly scalars: Value;
  readonly randomKey: Value | null;
  /** Names of `loss` and the metrics, in order. */
  readonly metrics: string[];
}

/** Options of a step's graph. */
export interface StepGraphOptions {
  optimizer: FlatOptimizer;
  clipNorm?: number;
  clipValue?: number;
  lower?: boolean;
  /** Rows that are computed at a time; see StepOptions. */
  microBatch?: number;
}

/** Records loss, gradient and update into one graph. */
export function buildStepGraph(
  variables: tf.Variable[],
  loss: LossFunction,
  specs: Record<string, InputSpec>,
  options: StepGraphOptions,
): StepGraph {
  const { optimizer } = options;
  const graph = new Graph({ forRuntime: true });
  const inputs = stepInputs(graph, specs);
  const { parameters, bind } = bindVariables(graph, variables);
  const slots = optimizer.slots.map((s) => graph.input(`state/${s}`, "float32", parameters.shape));
  const scalars = graph.input("scalars", "float32", [optimizer.scalars]);

  const context = { variables, loss, bind, lower: options.lower };
  const recorded = options.microBatch === undefined
    ? recordGradient(graph, inputs, context)
    : recordMicroBatches(graph, inputs, specs, options.microBatch, context);
  const { metrics, trace, gradient } = recorded;
  writeUpdate(graph, { parameters, slots, scalars, gradient }, options);
  const { extra, frozen } = sortVariables(graph, trace.variables, variables);
  for (const e of extra) graph.output(`var/${e.variable.name}:new`, e.assigned);
  for (const [name, value] of Object.entries(metrics)) graph.output(name, value);
  eliminateDead(graph);
  foldSums(graph);
  scheduleGradients(graph, gradient.node);
  return {
    graph,
    inputs,
    parameters,
    slots,
    extra,
    frozen,
    scalars,
    randomKey: trace.randomKey,
    metrics: Object.keys(metrics),
  };
}

/** The inputs of a step. */
export function stepInputs(graph: Graph, specs: Record<string, InputSpec>): Record<string, Value> {
  const inputs: Record<string, Value> = {};
  for (const [name, s] of Object.entries(specs)) {
    inputs[name] = graph.input(name, s.dtype ?? "float32", s.shape);
  }
  return inputs;
}

/** All parameters as one flat input, and the piece of it that each variable is. */
export function bindVariables(
  graph: Graph,
  variables: tf.Variable[],
): { parameters: Value; bind: Map<tf.Variable, Value> } {
  const size = variables.reduce((n, v) => n + v.size, 0);
  const parameters = graph.input("state/parameters", "float32", [size]);
  const bind = new Map<tf.Variable, Value>();
  const pieces = split(graph, parameters, variables.map((v) => v.size), 0);
  variables.forEach((v, i) => bind.set(v, reshape(graph, pieces[i], v.shape)));
  return { parameters, bind };
}

/** Clips the gradient and writes the new parameters and slots as outputs. */
export function writeUpdate(
  graph: Graph,
  { parameters, slots, scalars, gradient: raw }: {
    parameters: Value;
    slots: Value[];
    scalars: Value;
    gradient: Value;
  },
  { optimizer, clipNorm, clipValue }: StepGraphOptions,
): void {
  let gradient = raw;
  if (clipValue !== undefined) gradient = clip(graph, gradient, -clipValue, clipValue);
  if (clipNorm !== undefined) gradient = clipByNorm(graph, gradient, clipNorm);
  const parts = split(graph, scalars, new Array(optimizer.scalars).fill(1), 0);
  const updated = optimizer.update(graph, parameters, gradient, slots, parts);
  graph.output("parameters:new", updated.parameters);
  optimizer.slots.forEach((s, i) => graph.output(`${s}:new`, updated.slots[i]));
}

/** Variables that the loss reads or assigns beside those that are trained. */
export function sortVariables(graph: Graph, traced: TracedVariable[], trained: tf.Variable[]) {
  const extra: { variable: tf.Variable; value: Value; assigned: Value }[] = [];
  const frozen: { variable: tf.Variable; value: Value }[] = [];
  for (const { variable, input, assigned } of traced) {
    if (trained.includes(variable)) {
      if (assigned) {
        throw new TraceError(
          `Cannot compile step: the loss must not assign trained variable "${variable.name}"`,
        );
      }
    } else if (assigned) {
      const value = input ??
        graph.input(`var/${variable.name}`, variable.dtype as Dtype, variable.shape);
      extra.push({ variable, value, assigned });
    } else if (input) frozen.push({ variable, value: input });
  }
  return { extra, frozen };
}

/** A dimension that may differ from call to call. */
const symbolic = (...names: (string | undefined)[]) =>
  Object.fromEntries(names.flatMap((n, axis) => n ? [[axis, n]] : []));

/**
 * The bytes of a model that runs `steps` of `step` in one call, each on the rows of the data that
 * its row of `indices` names. State is carried by the Loop; losses and metrics come out stacked.
 *
 * The body holds the very nodes of the step, so that both compute the same bits.
 */
export function encodeEpoch(step: StepGraph, specs: Record<string, InputSpec>): Uint8Array {
  const outer = new Graph();
  const body = new Graph();
  const symbolicDims: Record<string, Record<number, string>> = {};
  const iteration = body.input("iteration", "int64", []);
  const goOn = body.input("goOn", "bool", []);
  const gatherInto = (target: Value, source: Value, index: Value): void => {
    const node: GraphNode = {
      op: "Gather",
      domain: "",
      inputs: [source, index],
      outputs: [target],
      attributes: { axis: int(0) },
      origin: "minibatch",
    };
    body.nodes.push(node);
  };
  // A row of its own for each step: indices [steps, batch], scalars [steps, n], keys [steps, 1].
  const batch = Object.entries(specs).find(([, s]) => !isShared(s))?.[1].shape[0] ?? 1;
  const indices = outer.input("indices", "int32", [1, batch]);
  symbolicDims.indices = symbolic("steps");
  const [rows] = body.emit("Gather", [indices, iteration], [{ dtype: "int32", shape: [batch] }], {
    axis: int(0),
  });
  for (const [name, s] of Object.entries(specs)) {
    const value = step.inputs[name];
    if (isShared(s)) {
      outer.inputs.push(value);
      continue;
    }
    const data = outer.input(`data/${name}`, value.dtype, [1, ...s.shape.slice(1)]);
    symbolicDims[`data/${name}`] = symbolic("rows");
    gatherInto(value, data, rows);
  }
  const schedule = outer.input("schedule", "float32", [1, ...step.scalars.shape]);
  symbolicDims.schedule = symbolic("steps");
  gatherInto(step.scalars, schedule, iteration);
  if (step.randomKey) {
    const keys = outer.input("keys", "uint32", [1, 1]);
    symbolicDims.keys = symbolic("steps");
    gatherInto(step.randomKey, keys, iteration);
  }
  for (const f of step.frozen) outer.inputs.push(f.value);
  const state = [step.parameters, ...step.slots, ...step.extra.map((e) => e.value)];
  body.inputs.push(...state);
  body.nodes.push(...step.graph.nodes);
  body.output("goOn:new", goOn);
  const outputs = step.graph.outputs;
  // Names inside a body must differ from those outside.
  for (const o of outputs) body.output(`step/${o.name}`, o.value);

  const count = outer.input("steps", "int64", []);
  const start = state.map((v, i) => outer.input(`start/${i}`, v.dtype, v.shape));
  const results = outer.emit(
    "Loop",
    [count, outer.constant(Uint8Array.of(1), "bool", []), ...start],
    outputs.map((o, i) => ({
      dtype: o.value.dtype,
      shape: i < state.length ? o.value.shape : [1, ...o.value.shape],
    })),
    { body: subgraph(body) },
  );
  outputs.forEach((o, i) => {
    outer.output(o.name, results[i]);
    if (i >= state.length) symbolicDims[o.name] = symbolic("steps");
  });
  return encodeModel(outer, { name: "epoch", symbolicDims });
}

/** Elements of all variables end to end. */
export function packVariables(variables: tf.Variable[], into: Float32Array): void {
  let at = 0;
  for (const v of variables) {
    into.set(v.dataSync(), at);
    at += sizeOf(v.shape);
  }
}

/** The step as plain data, ready to run here or in a worker. */
export function stepProgram(
  step: StepGraph,
  specs: Record<string, InputSpec>,
  batchSize: number,
): StepProgram {
  const { outputs } = step.graph;
  const port = (name: string, v: Value): Port => ({ name, dtype: v.dtype, shape: v.shape });
  const state = [step.parameters, ...step.slots, ...step.extra.map((e) => e.value)];
  // Most training uses one of the two forms only: each is encoded when first asked for.
  const lazily = (encode: () => Uint8Array) => {
    let bytes: Uint8Array | null = null;
    return { enumerable: true, get: () => bytes ??= encode() };
  };
  const program = {
    batchSize,
    specs,
    state: state.map((v, i) => ({ ...port(v.name!, v), output: outputs[i].name })),
    metrics: outputs.slice(state.length).map((o) => port(o.name, o.value)),
    drawsRandom: step.randomKey !== null,
  };
  return Object.defineProperties(program, {
    step: lazily(() => encodeModel(step.graph, { name: "step" })),
    epoch: lazily(() => encodeEpoch(step, specs)),
  }) as StepProgram;
}
