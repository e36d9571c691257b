import assert from "node:assert/strict";
import fc from "fast-check";
import { vectorFunction } from "./_vector_function.ts";
import { exp, log } from "./vector_math.ts";

const mostUlps = 2;

/** The distance of floats. */
function ulp(x: number): number {
  const bits = Math.max(Math.abs(x), 2 ** -126);
  return 2 ** (Math.floor(Math.log2(bits)) - 23);
}

function checkClose(got: number, want: number, x: number): void {
  const rounded = Math.fround(want);
  if (!Number.isFinite(rounded) || !Number.isFinite(got)) {
    // A value next to the largest float may round either way.
    const isEdge = Math.abs(want) > 3.4028e38 && Math.abs(got) > 3.4028e38;
    assert.ok(Object.is(got, rounded) || isEdge, `of ${x}: ${got}, not ${rounded}`);
    return;
  }
  const far = Math.abs(got - want) / ulp(want);
  assert.ok(far <= mostUlps, `of ${x}: ${got}, not ${want}: ${far} units in the last place`);
}

const cases = [
  { name: "exp", code: exp, want: Math.exp },
  { name: "log", code: log, want: Math.log },
];

for (const { name, code, want } of cases) {
  Deno.test(`${name} of any float is right within ${mostUlps} units in the last place`, () => {
    const run = vectorFunction(1, ([x], locals) => code(x, locals));
    const check = (values: number[]) => {
      const inputs = values.map(Math.fround);
      run(inputs).forEach((got, i) => checkClose(got, want(inputs[i]), inputs[i]));
    };
    const any = fc.float(), usual = fc.float({ min: -100, max: 100 });
    fc.assert(
      fc.property(
        fc.array(fc.oneof(any, usual), { minLength: 4, maxLength: 4 }),
        check,
      ),
      { numRuns: 5000, seed: 7 },
    );
    check([0, -0, NaN, Infinity]);
    check([-Infinity, 1, 2 ** -126, 2 ** -149]);
    check([88.72, 88.73, -87.4, -103.9]);
    check([-104, 1e-40, 3.4028234e38, -1]);
    for (let x = -110; x < 110; x += 0.37) check([x, x + 0.1, x * 1e-3, x * x]);
  });
}
