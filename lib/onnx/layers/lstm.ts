/**
 * The LSTM layer with its time loop unrolled into as few operators as its gradient allows.
 *
 * Per step: one Gemm a gate (its activation is fused into it by ONNX Runtime), five elementwise
 * operators forward and fifteen back. Input projections and weight gradients are products over all
 * steps at once. Without a gradient it is ONNX's own LSTM operator.
 * @module
 */
import {
  add,
  concat,
  gemm,
  mul,
  reshape,
  reverse,
  split,
  sub,
  transpose,
  unary,
} from "../builder/mod.ts";
import { type Attribute, floats, type Graph, int, type Value } from "../graph/graph.ts";
import { type Emitted, once } from "./_emit.ts";
import {
  backGemm,
  columnSums,
  gate,
  type GateActivation,
  gateSlope,
  outputGradients,
  projections,
  sequenceOutput,
  type SequenceShape,
  stackSteps,
  sum,
  timeMajor,
} from "./_sequence.ts";

/** How the layer is called. */
export interface RecurrentCall extends SequenceShape {
  gateActivation: GateActivation;
  backwards: boolean;
  returnSequences: boolean;
  useBias: boolean;
  hasInitialState: boolean;
}

/**
 * Inputs: x, kernel, recurrent kernel, [bias], [h, c]. Outputs: the last output or all of them, then
 * the last h and c.
 */
export function emitLstm(g: Graph, inputs: Value[], call: RecurrentCall): Emitted {
  const [x, kernel, recurrent] = inputs;
  const { units, time, backwards, gateActivation } = call;
  let next = 3;
  const bias = call.useBias ? inputs[next++] : null;
  const h0 = call.hasInitialState ? inputs[next++] : null;
  const c0 = call.hasInitialState ? inputs[next++] : null;
  const quarters = new Array(4).fill(units);
  const kernels = split(g, kernel, quarters, 1);
  const recurrents = split(g, recurrent, quarters, 1);
  const biases = bias ? split(g, bias, quarters, 0) : [null, null, null, null];
  const rows = timeMajor(g, x, call);
  const projected = projections(g, rows, kernels, biases, call, backwards);

  interface Step {
    i: Value;
    f: Value;
    g: Value;
    o: Value;
    ig: Value;
    fc: Value | null;
    tc: Value;
    h: Value;
    cBefore: Value | null;
  }
  const steps: Step[] = [];
  let h = h0, c = c0;
  for (let t = 0; t < time; t++) {
    const z = projected.map((p, k) => h ? gemm(g, h, recurrents[k], p[t]) : p[t]);
    const i = gate(g, z[0], gateActivation);
    const f = gate(g, z[1], gateActivation);
    const candidate = unary(g, "Tanh", z[2]);
    const o = gate(g, z[3], gateActivation);
    const ig = mul(g, i, candidate);
    const fc = c ? mul(g, f, c) : null;
    const cBefore = c;
    c = fc ? add(g, fc, ig) : ig;
    const tc = unary(g, "Tanh", c);
    h = mul(g, o, tc);
    steps.push({ i, f, g: candidate, o, ig, fc, tc, h, cBefore });
  }
  const outputs = [
    call.returnSequences ? sequenceOutput(g, steps.map((s) => s.h), call) : h!,
    h!,
    c!,
  ];

  const gradients = (_: Graph, dys: Value[]): (() => Value)[] => {
    const run = once(() => {
      const dY = outputGradients(
        g,
        call.returnSequences ? dys[0] : null,
        call.returnSequences ? dys[1] : add(g, dys[0], dys[1]),
        call,
      );
      const dz: Value[] = [];
      let dh: Value | null = null;
      let dcCarried: Value | null = dys[2].constant ? null : dys[2];
      for (let t = time - 1; t >= 0; t--) {
        const s = steps[t];
        const total: Value | null = dh ?? dY[t];
        const throughH: Value | null = total ? mul(g, total, sub(g, s.o, mul(g, s.h, s.tc))) : null;
        const dc: Value | null = throughH ? sum(g, dcCarried, throughH) : dcCarried;
        const none = () => g.splat(0, "float32", s.h.shape);
        const dzo: Value = total
          ? mul(g, total, gateSlope(g, s.h, s.tc, s.o, gateActivation))
          : none();
        const dzi: Value = dc ? mul(g, dc, gateSlope(g, s.ig, s.g, s.i, gateActivation)) : none();
        const dzf: Value = dc && s.fc
          ? mul(g, dc, gateSlope(g, s.fc, s.cBefore!, s.f, gateActivation))
          : none();
        const dzg: Value = dc ? mul(g, dc, sub(g, s.i, mul(g, s.ig, s.g))) : none();
        const list: Value[] = [dzi, dzf, dzg, dzo];
        dz[t] = concat(g, list, 1);
        dcCarried = dc && s.cBefore ? mul(g, dc, s.f) : null;
        if (t > 0 || h0) {
          const outside = t > 0 ? dY[t - 1] : null;
          dh = dz[t].constant ? outside : backGemm(g, dz[t], recurrent, outside);
        }
      }
      return { dz, dh, dc: dcCarried };
    });
    return recurrentGradients(g, {
      call,
      rows,
      kernel,
      groups: [{
        gates: 4,
        dz: () => run().dz,
        before: () => [h0, ...steps.slice(0, -1).map((s) => s.h)],
      }],
      initial: [() => run().dh, () => run().dc],
    });
  };
  return { outputs, gradients };
}

/** Neighbouring gates whose recurrent product reads the same state. */
export interface GateGroup {
  /** How many. */
  gates: number;
  /** Gradients of the gates' arguments at each step, side by side: [batch, gates * units]. */
  dz: () => Value[];
  /** The state that each step's product read; null for zeros. */
  before: () => (Value | null)[];
}

/**
 * Gradients of x, kernel, recurrent kernel, bias and initial states from those of the gates: products
 * over all steps at once. Gates stand side by side from each step on, since joining the columns of
 * all steps costs more than the products do.
 */
export function recurrentGradients(
  g: Graph,
  parts: {
    call: RecurrentCall;
    rows: Value;
    kernel: Value;
    /** All gates, in the order of the kernel's columns. */
    groups: GateGroup[];
    initial: (() => Value | null)[];
  },
): (() => Value)[] {
  const { call, rows, kernel, groups } = parts;
  const { batch, time, features, units, backwards } = call;
  const zero = () => g.splat(0, "float32", [batch, units]);
  // One row a step and sample.
  const stacked = groups.map((group) => once(() => stackSteps(g, group.dz(), backwards)));
  const kernels = split(g, kernel, groups.map((group) => group.gates * units), 1);
  const perGroup = (make: (group: GateGroup, dz: Value) => Value, axis: number) =>
    concat(g, groups.map((group, i) => make(group, stacked[i]())), axis);
  const list: (() => Value)[] = [
    () => {
      const dRows = stacked.reduce<Value | null>(
        (sum, dz, i) => backGemm(g, dz(), kernels[i], sum),
        null,
      )!;
      return transpose(g, reshape(g, dRows, [time, batch, features]), [1, 0, 2]);
    },
    () => perGroup((_, dz) => gemm(g, rows, dz, null, { transA: true }), 1),
    () =>
      perGroup((group, dz) => {
        const before = stackSteps(g, group.before().map((v) => v ?? zero()), backwards);
        return gemm(g, before, dz, null, { transA: true });
      }, 1),
  ];
  if (call.useBias) list.push(() => perGroup((_, dz) => columnSums(g, dz), 0));
  if (call.hasInitialState) {
    for (const state of parts.initial) list.push(() => state() ?? zero());
  }
  return list;
}

/** ONNX's LSTM operator, for predictions. */
export function emitLstmOperator(g: Graph, inputs: Value[], call: RecurrentCall): Value[] {
  const [x, kernel, recurrent] = inputs;
  const { units, batch, time, backwards } = call;
  let next = 3;
  const bias = call.useBias ? inputs[next++] : null;
  const initial = call.hasInitialState
    ? inputs.slice(next).map((v) => reshape(g, v, [1, batch, units]))
    : [];
  // tfjs orders gates i, f, c, o; ONNX i, o, f, c, one row a unit.
  const reorder = (m: Value) => {
    const [i, f, c, o] = split(g, m, new Array(4).fill(units), m.shape.length - 1);
    return concat(g, [i, o, f, c], m.shape.length - 1);
  };
  const w = reshape(g, transpose(g, reorder(kernel), [1, 0]), [1, 4 * units, call.features]);
  const r = reshape(g, transpose(g, reorder(recurrent), [1, 0]), [1, 4 * units, units]);
  const b = bias
    ? reshape(g, concat(g, [reorder(bias), g.splat(0, "float32", [4 * units])], 0), [1, 8 * units])
    : null;
  const major = transpose(g, x, [1, 0, 2]);
  const out = (shape: number[]) => ({ dtype: "float32" as const, shape });
  const [y, lastH, lastC] = g.emit(
    "LSTM",
    [major, w, r, b, null, initial[0] ?? null, initial[1] ?? null],
    [out([time, 1, batch, units]), out([1, batch, units]), out([1, batch, units])],
    {
      hidden_size: int(units),
      ...recurrentAttributes(call, ["Tanh", "Tanh"]),
    },
  );
  const last = reshape(g, lastH, [batch, units]);
  return [
    call.returnSequences ? operatorSequence(g, y, call, backwards) : last,
    last,
    reshape(g, lastC, [batch, units]),
  ];
}

/** Direction and activations of ONNX's recurrent operators. */
export function recurrentAttributes(
  call: RecurrentCall,
  others: string[],
): Record<string, Attribute> {
  const attributes: Record<string, Attribute> = {};
  if (call.backwards) attributes.direction = { kind: "string", value: "reverse" };
  if (call.gateActivation === "hardSigmoid") {
    attributes.activations = { kind: "strings", value: ["HardSigmoid", ...others] };
    attributes.activation_alpha = floats([0.2]);
    attributes.activation_beta = floats([0.5]);
  }
  return attributes;
}

/** Y of ONNX's operator, [time, 1, batch, units], as the layer returns it. */
export function operatorSequence(
  g: Graph,
  y: Value,
  call: RecurrentCall,
  backwards: boolean,
): Value {
  const { time, batch, units } = call;
  const sequence = transpose(g, reshape(g, y, [time, batch, units]), [1, 0, 2]);
  if (!backwards) return sequence;
  // ONNX keeps the input's order; tfjs returns the order of iteration.
  return reverse(g, sequence, [1]);
}
