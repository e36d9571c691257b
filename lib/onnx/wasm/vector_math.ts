/**
 * Exponential and logarithm as WebAssembly over vectors of floats, within two units in the last
 * place.
 *
 * @see S. L. Moshier, Cephes Mathematical Library 2.8, expf.c and logf.c, whose polynomials these are
 * @module
 */
import type { VectorLocals } from "./vector_code.ts";
import { wasm } from "./wasm_module.ts";

/** Highest power first. */
const expPolynomial = [
  1.9875691500e-4,
  1.3981999507e-3,
  8.3334519073e-3,
  4.1665795894e-2,
  1.6666665459e-1,
  5.0000001201e-1,
];
const logPolynomial = [
  7.0376836292e-2,
  -1.1514610310e-1,
  1.1676998740e-1,
  -1.2420140846e-1,
  1.4249322787e-1,
  -1.6668057665e-1,
  2.0000714765e-1,
  -2.4999993993e-1,
  3.3333331174e-1,
];

/** The logarithm of 2 in a part with few digits, whose multiples are exact, and the rest. */
const ln2 = [0.693359375, -2.12194440e-4];

/** Instructions that leave a polynomial's value at the vector that `x` leaves. */
function polynomial(coefficients: number[], x: number[], locals: VectorLocals): number[] {
  const [first, ...rest] = coefficients;
  return rest.reduce(
    (value, c) => [...value, ...x, ...locals.constant(c), ...wasm.multiplyAdd],
    locals.constant(first),
  );
}

/** Instructions that leave `e` to the power of the vector that `input` leaves. */
export function exp(input: number[], locals: VectorLocals): number[] {
  const x = locals.add(), n = locals.add(), whole = locals.add(), half = locals.add();
  // Beyond these the result is 0 or infinite. What is not a number stays so.
  const clamped = [
    ...input,
    ...locals.constant(-104),
    ...wasm.maxFast,
    ...locals.constant(89),
    ...wasm.minFast,
    ...wasm.set(x),
  ];
  const reduced = ln2.flatMap((part) => [
    ...wasm.get(n),
    ...locals.constant(-part),
    ...wasm.get(x),
    ...wasm.multiplyAdd,
    ...wasm.set(x),
  ]);
  const power = (exponent: number[]) => [
    ...exponent,
    ...locals.constantInteger(127),
    ...wasm.addIntegers,
    ...wasm.integer(23),
    ...wasm.shiftLeft,
  ];
  return [
    ...clamped,
    ...wasm.get(x),
    ...locals.constant(Math.LOG2E),
    ...wasm.mul,
    ...wasm.nearest,
    ...wasm.set(n),
    ...reduced,
    ...polynomial(expPolynomial, wasm.get(x), locals),
    ...wasm.get(x),
    ...wasm.mul,
    ...wasm.get(x),
    ...wasm.mul,
    ...wasm.get(x),
    ...wasm.add,
    ...locals.constant(1),
    ...wasm.add,
    // By two powers of 2, since one alone may be out of range where the result is not.
    ...wasm.get(n),
    ...wasm.toIntegers,
    ...wasm.set(whole),
    ...wasm.get(whole),
    ...wasm.integer(1),
    ...wasm.shiftRight,
    ...wasm.set(half),
    ...power(wasm.get(half)),
    ...wasm.mul,
    ...power([...wasm.get(whole), ...wasm.get(half), ...wasm.subIntegers]),
    ...wasm.mul,
  ];
}

const smallestNormal = 2 ** -126, mantissaBits = 0x007fffff, bitsOfHalf = 0x3f000000;

/** Instructions that leave the natural logarithm of the vector that `input` leaves. */
export function log(input: number[], locals: VectorLocals): number[] {
  const x = locals.add(), m = locals.add(), e = locals.add(), y = locals.add();
  const small = locals.add(), scaled = locals.add();
  const select = (ifTrue: number[], ifFalse: number[], mask: number[]) => [
    ...ifTrue,
    ...ifFalse,
    ...mask,
    ...wasm.select,
  ];
  const isBelow = (value: number) => [...wasm.get(x), ...locals.constant(value), ...wasm.less];
  return [
    ...input,
    ...wasm.set(x),
    ...isBelow(smallestNormal),
    ...wasm.set(small),
    ...select(
      [...wasm.get(x), ...locals.constant(2 ** 23), ...wasm.mul],
      wasm.get(x),
      wasm.get(small),
    ),
    ...wasm.set(scaled),
    // x = m 2^e with m from 0.5 to 1, as its bits say.
    ...wasm.get(scaled),
    ...wasm.integer(23),
    ...wasm.shiftRight,
    ...locals.constantInteger(126),
    ...wasm.subIntegers,
    ...wasm.fromIntegers,
    ...wasm.get(small),
    ...locals.constant(23),
    ...wasm.and,
    ...wasm.sub,
    ...wasm.set(e),
    ...wasm.get(scaled),
    ...locals.constantInteger(mantissaBits),
    ...wasm.and,
    ...locals.constantInteger(bitsOfHalf),
    ...wasm.or,
    ...wasm.set(m),
    // Then from sqrt(0.5) to sqrt(2), less 1.
    ...[...wasm.get(m), ...locals.constant(Math.SQRT1_2), ...wasm.less, ...wasm.set(small)],
    ...[...wasm.get(e), ...wasm.get(small), ...locals.constant(1), ...wasm.and, ...wasm.sub],
    ...wasm.set(e),
    ...[...wasm.get(m), ...wasm.get(small), ...wasm.get(m), ...wasm.and, ...wasm.add],
    ...[...locals.constant(1), ...wasm.sub, ...wasm.set(m)],
    ...polynomial(logPolynomial, wasm.get(m), locals),
    ...[...wasm.get(m), ...wasm.mul, ...wasm.get(m), ...wasm.mul, ...wasm.get(m), ...wasm.mul],
    ...[...wasm.get(e), ...locals.constant(ln2[1]), ...wasm.mul, ...wasm.add],
    ...[...wasm.get(m), ...wasm.get(m), ...wasm.mul, ...locals.constant(0.5), ...wasm.mul],
    ...wasm.sub,
    ...wasm.set(y),
    ...[...wasm.get(m), ...wasm.get(y), ...wasm.add],
    ...[...wasm.get(e), ...locals.constant(ln2[0]), ...wasm.mul, ...wasm.add],
    ...wasm.set(y),
    // Infinity and what is not a number are themselves.
    ...select(wasm.get(y), wasm.get(x), isBelow(Infinity)),
    ...wasm.set(y),
    ...select(locals.constant(NaN), wasm.get(y), isBelow(0)),
    ...wasm.set(y),
    ...select(locals.constant(-Infinity), wasm.get(y), [
      ...wasm.get(x),
      ...locals.constant(0),
      ...wasm.equal,
    ]),
  ];
}
