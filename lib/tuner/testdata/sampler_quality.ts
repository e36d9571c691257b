/**
 * Compares our samplers with Optuna's over 30 seeds and writes sampler_quality.json.
 *
 *     python lib/tuner/testdata/sampler_quality.py SAMPLERS PROBLEMS 30 100 > optuna.jsonl
 *     deno run -A lib/tuner/testdata/sampler_quality.ts optuna.jsonl [more.jsonl …]
 *
 * p values are of Mann-Whitney's one-sided test (normal approximation with ties): pWorse is small
 * when ours are worse than Optuna's, pBetter when they are better. Among this many comparisons some
 * are below 5 % by chance: a row with pWorse < 0.05 is repeated with 120 other seeds of ours, and
 * `repeat` holds what came out.
 */
import { normalCdf } from "../../math/mod.ts";
import { createStudy, type SamplerChoice } from "../mod.ts";
import { problems } from "./quality_problems.ts";

export const samplers: Record<string, SamplerChoice> = {
  random: "random",
  qmc: "qmc",
  tpe: "tpe",
  "tpe-independent": { kind: "tpe", multivariate: false },
  "tpe-group": { kind: "tpe", group: true },
  cmaes: "cmaes",
  gp: "gp",
  nsga2: "nsga2",
};

/** The best value after `trials` trials. */
export async function bestOf(sampler: string, problem: string, seed: number, trials: number): Promise<number> {
  const study = createStudy({ sampler: samplers[sampler], pruner: "none", seed: 1000 + seed });
  await study.optimize(problems[problem].objective, { trials });
  return study.best.value;
}

/** P(a is as small as it is by chance) when a and b are drawn alike: small when a tends to be smaller. */
export function mannWhitneyLess(a: number[], b: number[]): number {
  const all = [...a.map((v) => ({ v, mine: true })), ...b.map((v) => ({ v, mine: false }))].sort((x, y) => x.v - y.v);
  let rankSum = 0, ties = 0;
  for (let i = 0; i < all.length;) {
    let j = i;
    while (j < all.length && all[j].v === all[i].v) j++;
    for (let k = i; k < j; k++) if (all[k].mine) rankSum += (i + 1 + j) / 2;
    ties += (j - i) ** 3 - (j - i);
    i = j;
  }
  const n = a.length, m = b.length, N = n + m;
  const u = rankSum - n * (n + 1) / 2;
  const sigma = Math.sqrt(n * m / 12 * (N + 1 - ties / (N * (N - 1))));
  return sigma === 0 ? 0.5 : normalCdf((u - n * m / 2 + 0.5) / sigma);
}

const round = (x: number) => Number(x.toPrecision(8));
const median = (x: number[]) => {
  const s = x.toSorted((p, q) => p - q);
  return (s[(s.length - 1) >> 1] + s[s.length >> 1]) / 2;
};

if (import.meta.main) {
  const target = new URL("./sampler_quality.json", import.meta.url);
  // Rows of earlier runs stay, unless they are measured anew.
  // deno-lint-ignore no-explicit-any
  let rows: any[] = JSON.parse(await Deno.readTextFile(target).catch(() => '{"rows":[]}')).rows;
  // Parts of one comparison (the slow ones run seed by seed) are put together in order of their seeds.
  const comparisons = new Map<string, { trials: number; parts: { from: number; best: number[] }[] }>();
  for (const file of Deno.args) {
    for (const line of (await Deno.readTextFile(file)).trim().split("\n")) {
      const { sampler, problem, trials, from = 0, best } = JSON.parse(line);
      const key = `${sampler} ${problem}`;
      if (!comparisons.has(key)) comparisons.set(key, { trials, parts: [] });
      comparisons.get(key)!.parts.push({ from, best });
    }
  }
  for (const [key, { trials, parts }] of comparisons) {
    const [sampler, problem] = key.split(" ");
    const optuna = parts.sort((a, b) => a.from - b.from).flatMap((part) => part.best);
    const run = async (from: number, count: number) => {
      const found: number[] = [];
      for (let seed = from; seed < from + count; seed++) found.push(round(await bestOf(sampler, problem, seed, trials)));
      return found;
    };
    const tapebook = await run(0, optuna.length);
    const { optimum } = problems[problem];
    const pWorse = round(mannWhitneyLess(optuna, tapebook));
    const row = {
      sampler,
      problem,
      trials,
      medianRegret: { tapebook: round(median(tapebook) - optimum), optuna: round(median(optuna) - optimum) },
      pWorse,
      pBetter: round(mannWhitneyLess(tapebook, optuna)),
      ...(pWorse < 0.05 ? { repeat: { seeds: 120, pWorse: round(mannWhitneyLess(optuna, await run(4000, 120))) } } : {}),
      tapebook,
      optuna: optuna.map(round),
    };
    rows = [...rows.filter((r) => r.sampler !== sampler || r.problem !== problem), row];
    console.error(sampler, problem, row.medianRegret, "worse", pWorse.toFixed(3), "better", row.pBetter.toFixed(3), row.repeat ?? "");
  }
  await Deno.writeTextFile(
    target,
    JSON.stringify({ optuna: "5.0.0", seeds: 30, rows }, null, 0).replaceAll('{"sampler"', '\n{"sampler"') + "\n",
  );
}
