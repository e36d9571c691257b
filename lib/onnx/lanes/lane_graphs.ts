/**
 * The two graphs of a step in lanes: loss and gradient of a lane's rows, and the update by the mean
 * of the lanes' gradients.
 * @module
 */
import type * as tf from "@tensorflow/tfjs";
import { add, mul } from "../builder/mod.ts";
import { eliminateDead } from "../graph/eliminate_dead.ts";
import { foldSums } from "../graph/fold_sums.ts";
import { Graph, type Value } from "../graph/graph.ts";
import { encodeModel } from "../graph/model_proto.ts";
import { TraceError } from "../errors.ts";
import { type InputSpec, isShared } from "../input_spec.ts";
import { recordMicroBatches } from "../micro_batches.ts";
import { type LossFunction, recordGradient } from "../record_gradient.ts";
import {
  bindVariables,
  sortVariables,
  type StepGraphOptions,
  stepInputs,
  writeUpdate,
} from "../step_graph.ts";
import type { Port, StepProgram } from "../step_runner.ts";
import type { GradientProgram } from "./lane_protocol.ts";

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
 * Records loss and gradient of a lane.
 *
 * @throws {TraceError} If the loss draws random numbers or assigns variables.
 */
export function gradientProgram(
  variables: tf.Variable[],
  loss: LossFunction,
  specs: Record<string, InputSpec>,
  options: Pick<StepGraphOptions, "lower" | "microBatch">,
): { program: GradientProgram; frozen: { variable: tf.Variable; value: Value }[] } {
  const graph = new Graph({ forRuntime: true });
  const inputs = stepInputs(graph, specs);
  const { parameters, bind } = bindVariables(graph, variables);
  const context = { variables, loss, bind, lower: options.lower };
  const { gradient, metrics, trace } = options.microBatch === undefined
    ? recordGradient(graph, inputs, context)
    : recordMicroBatches(graph, inputs, specs, options.microBatch, context);
  const { extra, frozen } = sortVariables(graph, trace.variables, variables);
  if (trace.randomKey || extra.length > 0) {
    throw new TraceError(
      "Cannot compile step: lanes must be 1 where the loss draws random numbers or assigns variables",
    );
  }
  graph.output("gradient", gradient);
  for (const [name, value] of Object.entries(metrics)) graph.output(name, value);
  eliminateDead(graph);
  foldSums(graph);
  const program = {
    model: encodeModel(graph, { name: "gradient" }),
    inputs: Object.entries(inputs).map(([name, v]) => port(name, v)),
    parameters: port(parameters.name!, parameters),
    frozen: frozen.map(({ value }) => port(value.name!, value)),
    gradient: port("gradient", gradient),
    metrics: Object.entries(metrics).map(([name, v]) => port(name, v)),
  };
  return { program, frozen };
}

/** Name of a lane's gradient among the inputs of the update. */
export const gradientInput = (lane: number): string => `gradient/${lane}`;

/** The update as a step whose inputs are the lanes' gradients. */
export function updateProgram(
  size: number,
  lanes: number,
  options: StepGraphOptions,
): StepProgram {
  const { optimizer } = options;
  const graph = new Graph({ forRuntime: true });
  const specs: Record<string, InputSpec> = {};
  for (let i = 0; i < lanes; i++) specs[gradientInput(i)] = { shape: [size] };
  const gradients = Object.values(stepInputs(graph, specs));
  const parameters = graph.input("state/parameters", "float32", [size]);
  const slots = optimizer.slots.map((s) => graph.input(`state/${s}`, "float32", [size]));
  const scalars = graph.input("scalars", "float32", [optimizer.scalars]);
  const total = gradients.reduce((a, b) => add(graph, a, b));
  const mean = mul(graph, total, graph.splat(1 / lanes, "float32"));
  writeUpdate(graph, { parameters, slots, scalars, gradient: mean }, options);
  eliminateDead(graph);
  foldSums(graph);
  return {
    batchSize: 1,
    specs,
    state: [parameters, ...slots].map((v, i) => ({
      ...port(v.name!, v),
      output: graph.outputs[i].name,
    })),
    metrics: [],
    drawsRandom: false,
    step: encodeModel(graph, { name: "update" }),
    epoch: new Uint8Array(),
  };
}
