/**
 * A loss and its gradient, recorded into a graph.
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import { concat, reshape } from "./builder/mod.ts";
import { sizeOf } from "./graph/dtype.ts";
import type { Graph, Value } from "./graph/graph.ts";
import { TraceError } from "./errors.ts";
import { type Trace, traceInto, type TraceOutput } from "./trace.ts";

/** A loss, and whatever else is to be seen of it. */
export type LossFunction = (
  inputs: Record<string, tf.Tensor>,
) => tf.Tensor | ({ loss: tf.Tensor } & Record<string, tf.Tensor>);

/** What is differentiated, with respect to what. */
export interface GradientContext {
  variables: tf.Variable[];
  loss: LossFunction;
  /** The values that stand for variables. */
  bind: Map<tf.Variable, Value>;
  lower?: boolean;
  /**
   * What gradient and metrics are of the whole, where others compute the rest and the sum is taken.
   * Default 1.
   */
  share?: number;
}

/** A recorded loss and gradient. */
export interface RecordedGradient {
  /** Of all variables end to end. */
  gradient: Value;
  /** The same, a value for each variable. */
  pieces: Value[];
  /** `loss`, then whatever else the loss returned. */
  metrics: Record<string, Value>;
  trace: Trace;
}

/** Records loss and gradient on the values of the inputs. */
export function recordGradient(
  graph: Graph,
  inputs: Record<string, Value>,
  { variables, loss, bind, lower, share = 1 }: GradientContext,
): RecordedGradient {
  // In the loss, where it joins other factors: the gradient needs no pass of its own.
  const scaled = (t: tf.Tensor) => share === 1 ? t : tf.mul(t, share);
  const names = Object.keys(inputs);
  const metricNames = ["loss"];
  const trace = traceInto(
    graph,
    (...tensors): TraceOutput => {
      const record = Object.fromEntries(names.map((n, i) => [n, tensors[i]]));
      const metrics: Record<string, tf.Tensor> = {};
      const { value, grads } = tf.variableGrads(() => {
        const result = loss(record);
        if (result instanceof tf.Tensor) return scaled(result).asScalar();
        for (const [name, t] of Object.entries(result)) {
          if (name !== "loss") metrics[name] = tf.keep(scaled(t));
        }
        return scaled(result.loss).asScalar();
      }, variables);
      const out: Record<string, tf.Tensor> = { loss: value };
      for (const [name, t] of Object.entries(metrics)) {
        metricNames.push(name);
        out[name] = t;
      }
      variables.forEach((v, i) => {
        if (grads[v.name]) out[`gradient/${i}`] = grads[v.name];
      });
      return out;
    },
    names.map((n) => inputs[n]),
    { bind: (v) => bind.get(v), lower },
  );
  if (trace.learningRates.length > 0) {
    throw new TraceError("Cannot compile step: the loss must not apply a tfjs optimizer");
  }
  const found = new Map(trace.outputs.map((o) => [o.name, o.value]));
  const pieces = variables.map((v, i) =>
    found.get(`gradient/${i}`) ?? graph.splat(0, "float32", v.shape)
  );
  const metrics = Object.fromEntries(metricNames.map((m) => [m, found.get(m)!]));
  return { gradient: flatten(graph, pieces), pieces, metrics, trace };
}

/** Values end to end. */
export function flatten(graph: Graph, pieces: Value[]): Value {
  return concat(graph, pieces.map((v) => reshape(graph, v, [sizeOf(v.shape)])), 0);
}
