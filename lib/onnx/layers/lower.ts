/**
 * Replaces calls of tfjs layers by forms that make fewer, larger operators, while a trace runs.
 * A call that the fused form does not cover (masks, recurrent dropout, other activations, state kept
 * between batches) goes to the layer's own code.
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import type { Value } from "../graph/graph.ts";
import type { Graph } from "../graph/graph.ts";
import { emitOperator, recordsGradient, tensorOf } from "./_emit.ts";
import { traceBackend } from "../_register.ts";
import type { GateActivation } from "./_sequence.ts";
import { emitGelu } from "./gelu.ts";
import { emitGru, emitGruOperator } from "./gru.ts";
import { emitLayerNorm } from "./layer_norm.ts";
import { emitLstm, emitLstmOperator, type RecurrentCall } from "./lstm.ts";

type LayerCall = (
  this: tf.layers.Layer,
  inputs: tf.Tensor | tf.Tensor[],
  kwargs?: Record<string, unknown> | null,
) => tf.Tensor | tf.Tensor[];

interface Read {
  read(): tf.Tensor;
}

/** Fields of tfjs's recurrent layers that decide whether the fused form fits. */
interface RecurrentLayer {
  stateful: boolean;
  goBackwards: boolean;
  returnSequences: boolean;
  returnState: boolean;
  cell: {
    units: number;
    kernel: Read;
    recurrentKernel: Read;
    bias: Read | null;
    useBias: boolean;
    dropout: number;
    recurrentDropout: number;
    activation: { getClassName(): string };
    recurrentActivation: { getClassName(): string };
  };
}

const gateActivations: Record<string, GateActivation> = {
  sigmoid: "sigmoid",
  hardSigmoid: "hardSigmoid",
};

function lowerRecurrent(
  original: LayerCall,
  states: number,
  emit: typeof emitLstm,
  emitOperatorForm: (g: Graph, inputs: Value[], call: RecurrentCall) => Value[],
): LayerCall {
  return function (inputs, kwargs) {
    const layer = this as unknown as RecurrentLayer;
    const { cell } = layer;
    const list = Array.isArray(inputs) ? inputs : [inputs];
    const x = list[0];
    const initial = (kwargs?.initialState ?? null) as tf.Tensor[] | tf.Tensor | null;
    const initialStates = initial ? [initial].flat() : [];
    const gateActivation = gateActivations[cell.recurrentActivation.getClassName()];
    const drops = Boolean(kwargs?.training) && (cell.dropout > 0 || cell.recurrentDropout > 0);
    const fits = list.length === 1 && x.rank === 3 && !kwargs?.mask && !layer.stateful && !drops &&
      gateActivation !== undefined && cell.activation.getClassName() === "tanh" &&
      x.shape[1]! > 0 && x.shape[0]! > 0 &&
      (initialStates.length === 0 || initialStates.length === states);
    if (!fits) return original.call(this, inputs, kwargs);
    const call: RecurrentCall = {
      batch: x.shape[0],
      time: x.shape[1]!,
      features: x.shape[2]!,
      units: cell.units,
      gateActivation,
      backwards: layer.goBackwards,
      returnSequences: layer.returnSequences,
      useBias: cell.useBias,
      hasInitialState: initialStates.length > 0,
    };
    const tensors = [x, cell.kernel.read(), cell.recurrentKernel.read()];
    if (cell.useBias) tensors.push(cell.bias!.read());
    tensors.push(...initialStates);
    const outputs = recordsGradient()
      ? emitOperator(tensors, (g, values) => emit(g, values, call))
      : emitPlain(tensors, (g, values) => emitOperatorForm(g, values, call));
    return layer.returnState ? outputs : outputs[0];
  };
}

function emitPlain(
  tensors: tf.Tensor[],
  emit: (g: Graph, values: Value[]) => Value[],
): tf.Tensor[] {
  const b = traceBackend();
  const { graph, layers } = b.active();
  graph.origin = layers.join("/");
  return emit(graph, tensors.map((t) => b.graphValue(t))).map(tensorOf);
}

interface NormLayer {
  axis: number | number[];
  epsilon: number;
  gamma: Read | null;
  beta: Read | null;
}

function lowerLayerNorm(original: LayerCall): LayerCall {
  return function (inputs, kwargs) {
    const layer = this as unknown as NormLayer;
    const x = Array.isArray(inputs) ? inputs[0] : inputs;
    const axes = [layer.axis].flat().map((a) => a < 0 ? a + x.rank : a);
    const width = x.shape[x.rank - 1]!;
    const fits = axes.length === 1 && axes[0] === x.rank - 1 && layer.gamma && layer.beta &&
      x.dtype === "float32" && x.size > 0 && width > 1;
    if (!fits) return original.call(this, inputs, kwargs);
    const tensors = [x, layer.gamma!.read(), layer.beta!.read()];
    return emitOperator(tensors, (g, values) => emitLayerNorm(g, values, layer.epsilon))[0];
  };
}

interface ActivationLayer {
  activation: { getClassName(): string };
}

function lowerActivation(original: LayerCall): LayerCall {
  return function (inputs, kwargs) {
    const x = Array.isArray(inputs) ? inputs[0] : inputs;
    const name = (this as unknown as ActivationLayer).activation.getClassName();
    if (name !== "gelu_new" || x.dtype !== "float32") return original.call(this, inputs, kwargs);
    return emitOperator([x], emitGelu)[0];
  };
}

/** Prototypes of layers that tfjs exports only as factories. */
let prototypes: Record<"lstm" | "gru" | "norm" | "activation", Patched> | null = null;
interface Patched {
  call: LayerCall;
}

function layerPrototypes() {
  const of = (layer: tf.layers.Layer) => Object.getPrototypeOf(layer) as Patched;
  // Named, so that the numbering of the user's layers is not touched.
  return prototypes ??= {
    lstm: of(tf.layers.lstm({ units: 1, name: "tapebook_lstm" })),
    gru: of(tf.layers.gru({ units: 1, name: "tapebook_gru" })),
    norm: of(tf.layers.layerNormalization({ name: "tapebook_norm" })),
    activation: of(tf.layers.activation({ activation: "linear", name: "tapebook_activation" })),
  };
}

/** Patches layers; the function returned puts them back. */
export function lowerLayers(): () => void {
  const { lstm, gru, norm, activation } = layerPrototypes();
  const originals = [lstm.call, gru.call, norm.call, activation.call];
  lstm.call = lowerRecurrent(originals[0], 2, emitLstm, emitLstmOperator);
  gru.call = lowerRecurrent(originals[1], 1, emitGru, emitGruOperator);
  norm.call = lowerLayerNorm(originals[2]);
  activation.call = lowerActivation(originals[3]);
  return () => {
    [lstm.call, gru.call, norm.call, activation.call] = originals;
  };
}
