/** An objective for tests of workers: quick, with reports, prunings and failures that its values decide. */
import { type Trial, TrialPruned } from "../mod.ts";

/** The value that a trial with these params must end with. */
export function truth(params: { x: number; n: number }): number {
  return -((params.x - 3) ** 2) - params.n / 10;
}

export async function objective(trial: Trial): Promise<number> {
  const x = trial.suggestFloat("x", -10, 10);
  const n = trial.suggestInt("n", 0, 9);
  for (let step = 0; step < 3; step++) {
    await new Promise((resolve) => setTimeout(resolve, 8));
    trial.report(truth({ x, n }) - 3 + step, step);
    if (n === 9 && step === 1) throw new TrialPruned();
  }
  if (n === 8) throw new Error("n is 8");
  return truth({ x, n });
}

/** Kills its own process at some trials, once each. */
export async function crash(trial: Trial): Promise<number> {
  const x = trial.suggestFloat("x", -10, 10);
  if (trial.number % 3 === 1 && trial.record.attempt === 1) Deno.kill(Deno.pid, "SIGKILL");
  return x;
}
