import assert from "node:assert/strict";
import type { Dtype } from "../graph/dtype.ts";
import { type AttributeInit, float, Graph, int } from "../graph/graph.ts";
import { vectorFunction } from "./_vector_function.ts";
import { elementwise } from "./vector_code.ts";
import { wasm } from "./wasm_module.ts";

const [x, y, z] = [
  [-2.5, -0, 0.75, 3],
  [1.5, 0, 0.75, -3],
  [0.25, -4, 8, 1],
];

/** Whether a number is taken for true. */
const truth = (v: number) => v > 0.5;

interface Case {
  op: string;
  inputs: Dtype[];
  output?: Dtype;
  attributes?: AttributeInit;
  want: (...values: number[]) => number | boolean;
}

const f = "float32", b = "bool";
const two = (op: string, want: (x: number, y: number) => number | boolean): Case => ({
  op,
  inputs: [f, f],
  output: typeof want(1, 2) === "boolean" ? b : f,
  want,
});
const one = (op: string, want: (x: number) => number): Case => ({ op, inputs: [f], want });

const cases: Case[] = [
  two("Add", (x, y) => x + y),
  two("Sub", (x, y) => x - y),
  two("Mul", (x, y) => x * y),
  two("Div", (x, y) => x / y),
  two("Min", Math.min),
  two("Max", Math.max),
  two("Equal", (x, y) => x === y),
  two("Less", (x, y) => x < y),
  two("Greater", (x, y) => x > y),
  two("LessOrEqual", (x, y) => x <= y),
  two("GreaterOrEqual", (x, y) => x >= y),
  one("Neg", (x) => -x),
  one("Abs", Math.abs),
  one("Sqrt", Math.sqrt),
  one("Reciprocal", (x) => 1 / x),
  one("Relu", (x) => Math.max(0, x)),
  one("Exp", Math.exp),
  one("Log", Math.log),
  one("Sigmoid", (x) => 1 / (1 + Math.exp(-x))),
  { op: "Clip", inputs: [f, f, f], want: (x, low, high) => Math.max(low, Math.min(high, x)) },
  { op: "Where", inputs: [b, f, f], want: (c, x, y) => truth(c) ? x : y },
  { op: "And", inputs: [b, b], output: b, want: (x, y) => truth(x) && truth(y) },
  { op: "Or", inputs: [b, b], output: b, want: (x, y) => truth(x) || truth(y) },
  { op: "Xor", inputs: [b, b], output: b, want: (x, y) => truth(x) !== truth(y) },
  { op: "Not", inputs: [b], output: b, want: (x) => !truth(x) },
  {
    op: "HardSigmoid",
    inputs: [f],
    attributes: { alpha: float(0.2), beta: float(0.5) },
    want: (x) => Math.max(0, Math.min(1, 0.2 * x + 0.5)),
  },
  { op: "Cast", inputs: [b], attributes: { to: int(1) }, want: (x) => Number(truth(x)) },
  { op: "Cast", inputs: [f], output: b, attributes: { to: int(9) }, want: (x) => x !== 0 },
  { op: "Cast", inputs: [f], attributes: { to: int(1) }, want: (x) => x },
];

/** A node of a case, alone in its graph. */
function nodeOf({ op, inputs, output = f, attributes }: Case) {
  const g = new Graph();
  const values = inputs.map((dtype, i) => g.input(`x${i}`, dtype, [4]));
  return g.emit(op, values, [{ dtype: output, shape: [4] }], attributes)[0].node!;
}

for (const c of cases) {
  const { op, inputs, output = f, want } = c;
  Deno.test(`${op} of ${inputs.join(", ")} is what it is of numbers`, () => {
    const run = vectorFunction(inputs.length, (loads, locals) => {
      // Truth values come as numbers and go as them.
      const operands = loads.map((load, i) =>
        inputs[i] === f ? load : [...load, ...locals.constant(0.5), ...wasm.greater]
      );
      const code = elementwise(nodeOf(c), operands, locals)!;
      return output === f ? code : [...code, ...locals.constant(1), ...wasm.and];
    });
    const values = [x, y, z].slice(0, inputs.length);
    run(...values).forEach((got, i) => {
      const exact = Number(want(...values.map((v) => v[i])));
      const isRight = Object.is(got + 0, Math.fround(exact) + 0) ||
        Math.abs(got - exact) <= 3e-7 * Math.abs(exact);
      assert.ok(isRight, `${op} of ${values.map((v) => v[i])}: ${got}, not ${exact}`);
    });
  });
}

Deno.test("what is not known or not of floats is left to others", () => {
  const others: Omit<Case, "want">[] = [
    { op: "Tanh", inputs: [f] },
    { op: "Add", inputs: ["int32", "int32"], output: "int32" },
    { op: "Equal", inputs: [b, b], output: b },
    { op: "Max", inputs: [f, f, f] },
    { op: "Clip", inputs: [f] },
    { op: "Cast", inputs: [f], output: "int32", attributes: { to: int(6) } },
  ];
  for (const c of others) {
    vectorFunction(c.inputs.length, (loads, locals) => {
      const node = nodeOf({ ...c, want: () => 0 });
      assert.equal(elementwise(node, loads, locals), null, `${c.op} of ${c.inputs}`);
      return locals.constant(0);
    });
  }
});
