/**
 * The GRU layer (reset before the product, as tfjs has it) with its time loop unrolled; see lstm.ts.
 * @module
 */
import { add, concat, gemm, mul, reshape, split, sub, transpose, unary } from "../builder/mod.ts";
import { type Graph, int, type Value } from "../graph/graph.ts";
import { type Emitted, once } from "./_emit.ts";
import {
  backGemm,
  gate,
  gateSlope,
  outputGradients,
  projections,
  sequenceOutput,
  sum,
  timeMajor,
} from "./_sequence.ts";
import {
  operatorSequence,
  recurrentAttributes,
  type RecurrentCall,
  recurrentGradients,
} from "./lstm.ts";

/** Inputs: x, kernel, recurrent kernel, [bias], [h]. Outputs: the last output or all, then the last. */
export function emitGru(g: Graph, inputs: Value[], call: RecurrentCall): Emitted {
  const [x, kernel, recurrent] = inputs;
  const { units, time, backwards, gateActivation } = call;
  let next = 3;
  const bias = call.useBias ? inputs[next++] : null;
  const h0 = call.hasInitialState ? inputs[next++] : null;
  const thirds = new Array(3).fill(units);
  const kernels = split(g, kernel, thirds, 1);
  const [uz, ur, ug] = split(g, recurrent, thirds, 1);
  const [uzr] = split(g, recurrent, [2 * units, units], 1);
  const biases = bias ? split(g, bias, thirds, 0) : [null, null, null];
  const rows = timeMajor(g, x, call);
  const [pz, pr, pg] = projections(g, rows, kernels, biases, call, backwards);

  interface Step {
    z: Value;
    r: Value;
    g: Value;
    /** r h, the state that the candidate reads. */
    rh: Value | null;
    /** h - g and z (h - g). */
    d: Value;
    zd: Value;
    h: Value;
    before: Value | null;
  }
  const steps: Step[] = [];
  let h = h0;
  for (let t = 0; t < time; t++) {
    const before: Value | null = h;
    const z = gate(g, before ? gemm(g, before, uz, pz[t]) : pz[t], gateActivation);
    const r = gate(g, before ? gemm(g, before, ur, pr[t]) : pr[t], gateActivation);
    const rh: Value | null = before ? mul(g, r, before) : null;
    const candidate = unary(g, "Tanh", rh ? gemm(g, rh, ug, pg[t]) : pg[t]);
    const d = before ? sub(g, before, candidate) : unary(g, "Neg", candidate);
    const zd = mul(g, z, d);
    h = add(g, candidate, zd);
    steps.push({ z, r, g: candidate, rh, d, zd, h, before });
  }
  const outputs = [
    call.returnSequences ? sequenceOutput(g, steps.map((s) => s.h), call) : h!,
    h!,
  ];

  const gradients = (_: Graph, dys: Value[]): (() => Value)[] => {
    const run = once(() => {
      const dY = outputGradients(
        g,
        call.returnSequences ? dys[0] : null,
        call.returnSequences ? dys[1] : add(g, dys[0], dys[1]),
        call,
      );
      const one = g.splat(1, "float32");
      const dzr: Value[] = [], dzg: Value[] = [];
      let dh: Value | null = null;
      for (let t = time - 1; t >= 0; t--) {
        const s = steps[t];
        const total: Value | null = dh ?? dY[t];
        if (!total) {
          dzr[t] = g.splat(0, "float32", [call.batch, 2 * units]);
          dzg[t] = g.splat(0, "float32", s.h.shape);
          continue;
        }
        const slope = mul(g, sub(g, one, s.z), sub(g, one, mul(g, s.g, s.g)));
        dzg[t] = mul(g, total, slope);
        const dz = mul(g, total, gateSlope(g, s.zd, s.d, s.z, gateActivation));
        if (!s.before) {
          // Nothing came before: the reset gate had no effect, nor has h a gradient to carry.
          dzr[t] = concat(g, [dz, g.splat(0, "float32", s.h.shape)], 1);
          continue;
        }
        const drh = backGemm(g, dzg[t], ug, null);
        const dr = mul(g, drh, gateSlope(g, s.rh!, s.before, s.r, gateActivation));
        dzr[t] = concat(g, [dz, dr], 1);
        const direct = add(g, mul(g, total, s.z), mul(g, drh, s.r));
        const outside = t > 0 ? dY[t - 1] : null;
        const carried = sum(g, outside, direct);
        dh = backGemm(g, dzr[t], uzr, carried);
      }
      return { dzr, dzg, dh };
    });
    return recurrentGradients(g, {
      call,
      rows,
      kernel,
      groups: [
        { gates: 2, dz: () => run().dzr, before: () => steps.map((s) => s.before) },
        { gates: 1, dz: () => run().dzg, before: () => steps.map((s) => s.rh) },
      ],
      initial: [() => run().dh],
    });
  };
  return { outputs, gradients };
}

/** ONNX's GRU operator, for predictions. */
export function emitGruOperator(g: Graph, inputs: Value[], call: RecurrentCall): Value[] {
  const [x, kernel, recurrent] = inputs;
  const { units, batch, time, backwards } = call;
  let next = 3;
  const bias = call.useBias ? inputs[next++] : null;
  const h0 = call.hasInitialState ? reshape(g, inputs[next], [1, batch, units]) : null;
  const w = reshape(g, transpose(g, kernel, [1, 0]), [1, 3 * units, call.features]);
  const r = reshape(g, transpose(g, recurrent, [1, 0]), [1, 3 * units, units]);
  const b = bias
    ? reshape(g, concat(g, [bias, g.splat(0, "float32", [3 * units])], 0), [1, 6 * units])
    : null;
  const [y, last] = g.emit(
    "GRU",
    [transpose(g, x, [1, 0, 2]), w, r, b, null, h0],
    [
      { dtype: "float32", shape: [time, 1, batch, units] },
      { dtype: "float32", shape: [1, batch, units] },
    ],
    { hidden_size: int(units), ...recurrentAttributes(call, ["Tanh"]) },
  );
  const lastH = reshape(g, last, [batch, units]);
  return [call.returnSequences ? operatorSequence(g, y, call, backwards) : lastH, lastH];
}
