/**
 * A large batch in parts that stay in the processor's cache: a Loop inside the step adds up the
 * gradients of micro-batches' shares of the loss, and the optimizer takes their sum once.
 * @module
 */
import type * as tf from "@tensorflow/tfjs";
import { add, reshape } from "./builder/mod.ts";
import type { Dtype } from "./graph/dtype.ts";
import { eliminateDead } from "./graph/eliminate_dead.ts";
import { foldSums } from "./graph/fold_sums.ts";
import { Graph, int, subgraph, type Value } from "./graph/graph.ts";
import { scheduleGradients } from "./graph/schedule_gradients.ts";
import { TraceError } from "./errors.ts";
import { type InputSpec, isShared } from "./input_spec.ts";
import {
  flatten,
  type GradientContext,
  type RecordedGradient,
  recordGradient,
} from "./record_gradient.ts";

/** Micro-batches of a batch. @throws {RangeError} If `microBatch` does not divide it. */
export function countMicroBatches(specs: Record<string, InputSpec>, microBatch: number): number {
  const batch = Object.values(specs).find((s) => !isShared(s))?.shape[0] ?? 0;
  const parts = batch / microBatch;
  if (!Number.isInteger(microBatch) || microBatch < 1 || !Number.isInteger(parts) || parts < 1) {
    throw new RangeError(
      `Cannot compile step: microBatch must divide the batch (${batch}), got ${microBatch}`,
    );
  }
  return parts;
}

/**
 * Loss and gradient of a batch as means over its micro-batches: the same as those of the whole where
 * the loss is a mean over rows.
 *
 * @throws {RangeError} If `microBatch` does not divide the batch.
 * @throws {TraceError} If the loss draws random numbers or assigns variables.
 */
export function recordMicroBatches(
  graph: Graph,
  inputs: Record<string, Value>,
  specs: Record<string, InputSpec>,
  microBatch: number,
  context: GradientContext,
): RecordedGradient {
  const parts = countMicroBatches(specs, microBatch);
  const body = new Graph({ forRuntime: graph.forRuntime });
  const part = body.input("micro/part", "int64", []);
  const goOn = body.input("micro/goOn", "bool", []);
  const rows: Record<string, Value> = {};
  for (const [name, spec] of Object.entries(specs)) {
    if (isShared(spec)) {
      rows[name] = inputs[name];
      continue;
    }
    const shape = [microBatch, ...spec.shape.slice(1)];
    const all = reshape(graph, inputs[name], [parts, ...shape]);
    [rows[name]] = body.emit("Gather", [all, part], [{ dtype: all.dtype, shape }], {
      axis: int(0),
    });
  }
  // What the body reads is an input of the step, not of the body.
  const bound = new Map(context.bind);
  const get = (variable: tf.Variable): Value => {
    let value = context.bind.get(variable) ?? bound.get(variable);
    if (!value) {
      value = graph.input(`var/${variable.name}`, variable.dtype as Dtype, variable.shape);
      bound.set(variable, value);
    }
    return value;
  };
  const bind = Object.assign(new Map<tf.Variable, Value>(), { get });
  const share = (context.share ?? 1) / parts;
  const recorded = recordGradient(body, rows, { ...context, bind, share });
  const { trace } = recorded;
  if (trace.randomKey || trace.variables.some((v) => v.assigned)) {
    throw new TraceError(
      "Cannot compile step: microBatch must be left out where the loss draws random numbers or assigns variables",
    );
  }
  // Each variable's gradient by itself: a product adds to its sum as it is computed.
  const results = [...recorded.pieces, ...Object.values(recorded.metrics)];
  const sums = results.map((v, i) => body.input(`micro/sum/${i}`, "float32", v.shape));
  body.output("micro/goOn:new", goOn);
  results.forEach((v, i) => body.output(`micro/sum/${i}:new`, add(body, sums[i], v)));
  eliminateDead(body);
  foldSums(body);
  scheduleGradients(body);
  const count = graph.constant(BigInt64Array.of(BigInt(parts)), "int64", []);
  const totals = graph.emit(
    "Loop",
    [
      count,
      graph.constant(Uint8Array.of(1), "bool", []),
      ...results.map((v) => graph.splat(0, "float32", v.shape)),
    ],
    results.map((v) => ({ dtype: v.dtype, shape: v.shape })),
    { body: subgraph(body) },
  );
  const pieces = totals.slice(0, recorded.pieces.length);
  const names = Object.keys(recorded.metrics);
  return {
    gradient: flatten(graph, pieces),
    pieces,
    metrics: Object.fromEntries(names.map((name, i) => [name, totals[pieces.length + i]])),
    trace,
  };
}
