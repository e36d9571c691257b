/**
 * `same_metrics.ts FILE FILE…`: exits non-zero unless the demo's results all hold the same metrics,
 * and each served prediction equals the local one within 1e-5.
 * @module
 */
interface DemoResult {
  seconds: number;
  backend: string;
  metrics: Record<string, number>;
  benchmark: Record<string, number>;
  localPrediction: number[];
  servedPrediction: number[];
}

const results = Deno.args.map((file) => JSON.parse(Deno.readTextFileSync(file)) as DemoResult);
const [first, ...others] = results;
let faults = 0;
function fault(message: string): void {
  console.error(message);
  faults++;
}

for (const [i, other] of others.entries()) {
  for (const part of ["metrics", "benchmark"] as const) {
    const names = new Set([...Object.keys(first[part]), ...Object.keys(other[part])]);
    for (const name of names) {
      if (!Object.is(first[part][name], other[part][name])) {
        fault(
          `${Deno.args[i + 1]}: ${part}.${name} is ${other[part][name]}, not ${first[part][name]}`,
        );
      }
    }
  }
}
for (const [i, r] of results.entries()) {
  const gap = Math.max(...r.localPrediction.map((p, j) => Math.abs(p - r.servedPrediction[j])));
  const shapesAgree = r.localPrediction.length > 0 &&
    r.localPrediction.length === r.servedPrediction.length;
  if (!shapesAgree || !(gap <= 1e-5)) {
    fault(`${Deno.args[i]}: served prediction differs from the local one by ${gap}`);
  }
  console.log(`${Deno.args[i]}: ${r.backend}, ${r.seconds.toFixed(1)} s, prediction gap ${gap}`);
}
if (faults > 0) Deno.exit(1);
console.log(`same metrics in ${results.length} runs`);
