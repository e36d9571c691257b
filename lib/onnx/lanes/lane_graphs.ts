/**
 * The graph of a step in lanes: loss and gradient of a lane's rows.
 * @module
 */
import type * as tf from "@tensorflow/tfjs";
import { eliminateDead } from "../graph/eliminate_dead.ts";
import { foldSums } from "../graph/fold_sums.ts";
import { Graph, int, type Value } from "../graph/graph.ts";
import { encodeModel } from "../graph/model_proto.ts";
import { scheduleGradients } from "../graph/schedule_gradients.ts";
import { TraceError } from "../errors.ts";
import { headProgram } from "../head/head_program.ts";
import { splitAtHead } from "../head/split_at_head.ts";
import { type InputSpec, isShared } from "../input_spec.ts";
import { countMicroBatches, recordMicroBatches } from "../micro_batches.ts";
import { type LossFunction, recordGradient } from "../record_gradient.ts";
import { sortVariables, type StepGraphOptions } from "../step_graph.ts";
import type { Port } from "../step_runner.ts";
import { dataInput, isNarrow } from "./gradient_session.ts";
import type { GradientProgram, GradientStage } from "./lane_protocol.ts";

const port = (name: string, { dtype, shape }: Value): Port => ({ name, dtype, shape });

/** A batch's inputs at a lane's share of the rows. @throws {RangeError} If lanes do not divide it. */
export function laneSpecs(
  specs: Record<string, InputSpec>,
  lanes: number,
): Record<string, InputSpec> {
  const entries = Object.entries(specs).map(([name, s]): [string, InputSpec] => {
    if (isShared(s)) return [name, s];
    const rows = s.shape[0] / lanes;
    if (!Number.isInteger(rows)) {
      throw new RangeError(
        `Cannot compile step: lanes must divide the batch (${s.shape[0]}), got ${lanes}`,
      );
    }
    return [name, { ...s, shape: [rows, ...s.shape.slice(1)] }];
  });
  return Object.fromEntries(entries);
}

/**
 * Records a lane's share of loss and gradient; `specs` are those of its rows, which the graph gathers.
 *
 * @throws {RangeError} If `microBatch` does not divide them.
 * @throws {TraceError} If the loss draws random numbers or assigns variables.
 */
export function gradientProgram(
  variables: tf.Variable[],
  loss: LossFunction,
  specs: Record<string, InputSpec>,
  options: Pick<StepGraphOptions, "lower" | "microBatch"> & { lanes: number },
): { program: GradientProgram; frozen: { variable: tf.Variable; value: Value }[] } {
  const graph = new Graph({ forRuntime: true });
  const { lanes, lower } = options;
  const { parts, microBatch } = partsOf(variables, specs, options);
  const partSpecs = laneSpecs(specs, parts);
  const { inputs, symbolicDims, rows } = gatheredInputs(graph, partSpecs);
  const { parameters, bind } = bindPieces(graph, variables);
  const context = { variables, loss, bind, lower, share: 1 / (lanes * parts) };
  const { pieces, metrics, trace } = microBatch === undefined
    ? recordGradient(graph, inputs, context)
    : recordMicroBatches(graph, inputs, partSpecs, microBatch, context);
  const { extra, frozen } = sortVariables(graph, trace.variables, variables);
  if (trace.randomKey || extra.length > 0) {
    throw new TraceError(
      "Cannot compile step: lanes must be 1 where the loss draws random numbers or assigns variables",
    );
  }
  // They lie end to end: how each is shaped does not matter.
  const gradient = pieces.map((v) => v.node?.op === "Reshape" ? v.node.inputs[0]! : v);
  gradient.forEach((v, i) => graph.output(`gradient/${i}`, v));
  for (const [name, value] of Object.entries(metrics)) graph.output(name, value);
  eliminateDead(graph);
  foldSums(graph);
  const program = {
    ...stagesOf(graph, { rows, specs: partSpecs, parameters, symbolicDims }),
    specs: partSpecs,
    rows,
    parts,
    parameters: parameters.map((v) => port(v.name!, v)),
    frozen: frozen.map(({ value }) => port(value.name!, value)),
    gradient: gradient.map((v, i) => port(`gradient/${i}`, v)),
    metrics: Object.entries(metrics).map(([name, v]) => port(name, v)),
  };
  return { program, frozen };
}

type SymbolicDims = Record<string, Record<number, string>>;

/** A graph as what comes before its head, the head, and what comes after it, or as a whole. */
function stagesOf(
  graph: Graph,
  { rows, specs, parameters, symbolicDims }: {
    rows: number;
    specs: Record<string, InputSpec>;
    parameters: Value[];
    symbolicDims: SymbolicDims;
  },
): Pick<GradientProgram, "stages" | "head"> {
  const stage = (part: Graph): GradientStage => {
    scheduleGradients(part);
    const takes = part.inputs.map((v) => v.name!);
    const known = Object.entries(symbolicDims).filter(([name]) => takes.includes(name));
    return {
      model: encodeModel(part, { name: "gradient", symbolicDims: Object.fromEntries(known) }),
      takes,
      gives: part.outputs.map((o) => o.name),
    };
  };
  const named = (isWanted: (spec: InputSpec) => boolean) =>
    new Set(Object.keys(specs).filter((name) => isWanted(specs[name])));
  const split = splitAtHead(graph, rows);
  const head = split && headProgram(split, {
    parameters: new Set(parameters.map((v) => v.name!)),
    rows: named(isNarrow),
    numbers: named(isShared),
  });
  if (!head) return { stages: [stage(graph)], head: null };
  return { stages: [stage(split.before), stage(split.after)], head };
}

/** Gradients of parts take at most this much memory: 64 MiB. */
const mostElements = 1 << 24;

/**
 * How many times a lane calls its graph in a step, on a micro-batch each; where their gradients would
 * take too much memory, a Loop in the graph takes the micro-batches instead.
 *
 * @throws {RangeError} If `microBatch` does not divide a lane's rows.
 */
function partsOf(
  variables: tf.Variable[],
  specs: Record<string, InputSpec>,
  { microBatch, lanes }: { microBatch?: number; lanes: number },
): { parts: number; microBatch?: number } {
  if (microBatch === undefined) return { parts: 1 };
  const parts = countMicroBatches(specs, microBatch);
  const elements = variables.reduce((n, v) => n + v.size, 0);
  return lanes * parts * elements <= mostElements ? { parts } : { parts: 1, microBatch };
}

type BoundVariables = { parameters: Value[]; bind: Map<tf.Variable, Value> };

/** Each variable as an input of its own. */
function bindPieces(graph: Graph, variables: tf.Variable[]): BoundVariables {
  const parameters = variables.map((v, i) => graph.input(`parameter/${i}`, "float32", v.shape));
  return { parameters, bind: new Map(variables.map((v, i) => [v, parameters[i]])) };
}

/** A lane's inputs out of all rows of the data, by the indices of its own. */
function gatheredInputs(graph: Graph, specs: Record<string, InputSpec>) {
  const rows = Object.values(specs).find((s) => !isShared(s))?.shape[0] ?? 1;
  let indices: Value | null = null;
  const symbolicDims: SymbolicDims = {};
  const inputs: Record<string, Value> = {};
  for (const [name, spec] of Object.entries(specs)) {
    const { shape, dtype = "float32" } = spec;
    if (isShared(spec) || isNarrow(spec)) inputs[name] = graph.input(name, dtype, shape);
    else {
      indices ??= graph.input("indices", "int32", [rows]);
      const data = graph.input(dataInput(name), dtype, [1, ...shape.slice(1)]);
      symbolicDims[dataInput(name)] = { 0: "rows" };
      [inputs[name]] = graph.emit("Gather", [data, indices], [{ dtype, shape }], { axis: int(0) });
    }
  }
  return { inputs, symbolicDims, rows };
}
