/**
 * A tuning summary as Markdown: what was searched, what was found, what it is worth. Written to a
 * file of its own, and committed to git when asked.
 * @module
 */
import { describeDistribution, type Distribution } from "../distributions.ts";
import type { StudySpec } from "../stores/store.ts";
import type { FrozenTrial, TrialState } from "../trial_record.ts";
import { type DeflatedSharpeInput, studyDeflatedSharpe } from "./deflated_sharpe.ts";
import { paramImportances } from "./importances.ts";
import { paretoData } from "./plot_data.ts";

export interface SummaryOptions {
  /** States the winner's deflated Sharpe ratio; for studies that maximise a Sharpe ratio. */
  sharpe?: DeflatedSharpeInput;
  /** Best trials to list. Default 5. */
  top?: number;
}

const number = (x: number) => Number.isInteger(x) ? String(x) : String(Number(x.toPrecision(5)));
const cell = (x: unknown) =>
  (typeof x === "number" ? number(x) : typeof x === "string" ? x : JSON.stringify(x))
    .replaceAll("|", "\\|").replaceAll("\n", " ");

function table(header: string[], rows: unknown[][]): string {
  const line = (cells: unknown[]) => `| ${cells.map(cell).join(" | ")} |`;
  return [line(header), `|${header.map(() => "---").join("|")}|`, ...rows.map(line)].join("\n");
}

/** The summary of a study. Times are UTC. */
export function studySummary(
  study: { spec: StudySpec; trials: readonly FrozenTrial[] },
  options: SummaryOptions = {},
): string {
  const { spec, trials } = study;
  const counts = new Map<TrialState, number>();
  for (const t of trials) counts.set(t.state, (counts.get(t.state) ?? 0) + 1);
  const times = trials.flatMap((t) => [t.startTime, t.endTime]).filter((t) => t !== null);
  const parts = [`# Tuning: ${spec.name}`];
  const facts = [
    `- objective: ${spec.directions.join(", ")}`,
    `- sampler ${spec.sampler?.kind ?? "of the caller"}, pruner ${
      spec.pruner?.kind ?? "of the caller"
    }, seed ${spec.seed}`,
    `- trials: ${trials.length} (${[...counts].map(([s, n]) => `${n} ${s}`).join(", ")})`,
  ];
  if (times.length > 0) {
    const iso = (ms: number) => new Date(ms).toISOString().slice(0, 16).replace("T", " ");
    facts.push(
      `- from ${iso(times.reduce((a, b) => Math.min(a, b)))} to ${
        iso(times.reduce((a, b) => Math.max(a, b)))
      } UTC`,
    );
  }
  parts.push(facts.join("\n"));

  const complete = trials.filter((t) => t.state === "complete");
  const names = [...new Set(complete.flatMap((t) => Object.keys(t.params)))];
  const data = { name: spec.name, directions: spec.directions, trials };
  if (complete.length === 0) parts.push("No trial is complete yet.");
  else if (spec.directions.length === 1) {
    const sign = spec.directions[0] === "maximize" ? -1 : 1;
    const feasible = complete.filter((t) => Object.values(t.constraints).every((c) => c <= 0))
      .sort((a, b) => sign * (a.value! - b.value!) || a.number - b.number);
    if (feasible.length === 0) parts.push("No complete trial keeps to the constraints.");
    else {
      parts.push(`## Best: ${number(feasible[0].value!)} (trial ${feasible[0].number})`);
      parts.push(table(
        ["trial", "value", ...names],
        feasible.slice(0, options.top ?? 5).map((t) => [
          t.number,
          t.value,
          ...names.map((n) => n in t.params ? t.params[n] : ""),
        ]),
      ));
    }
  } else {
    const front = paretoData(data).filter((row) => row.front);
    parts.push(`## Pareto front: ${front.length} trials`);
    parts.push(table(
      ["trial", ...spec.directions.map((d, i) => `value ${i} (${d})`), ...names],
      front.map((row) => {
        const t = trials.find((x) => x.number === row.number)!;
        return [row.number, ...row.values, ...names.map((n) => n in t.params ? t.params[n] : "")];
      }),
    ));
  }

  if (options.sharpe) {
    const result = studyDeflatedSharpe(trials, options.sharpe);
    parts.push("## What the winner is worth");
    parts.push(
      result === null
        ? "Fewer than two trials gave a Sharpe ratio: nothing to deflate."
        : `The best annual Sharpe ratio is ${number(result.best)}. The best of ${result.trials} ` +
          `worthless trials with the same spread is expected to reach ${
            number(result.expectedMaximum)
          }. ` +
          `Deflated Sharpe ratio: ${number(result.deflated)}${
            result.deflated >= 0.95
              ? "."
              : ", below 0.95: this result may well be luck of the search."
          }`,
    );
  }

  const space = new Map<string, Distribution>();
  for (const t of trials) for (const n in t.distributions) space.set(n, t.distributions[n]);
  if (space.size > 0) {
    const importances = complete.length > 1 ? paramImportances(data) : {};
    parts.push("## Space");
    parts.push(table(
      ["parameter", "searched", "importance (PED-ANOVA)"],
      [...space].map(([n, d]) => [n, describeDistribution(d), importances[n] ?? ""]),
    ));
  }
  const failures = trials.filter((t) => t.state === "failed");
  if (failures.length > 0) {
    parts.push("## Failed trials");
    parts.push(
      failures.slice(0, 5).map((t) => `- trial ${t.number}: ${cell(t.error ?? "unknown")}`).join(
        "\n",
      ) +
        (failures.length > 5 ? `\n- and ${failures.length - 5} more` : ""),
    );
  }
  return parts.join("\n\n") + "\n";
}

/**
 * Writes the summary to `path`; with `commit` also as a git commit that holds this file alone,
 * whatever else is changed or staged there.
 *
 * @throws {Error} If git refuses; the file is written then, and nothing is committed.
 */
export async function writeStudySummary(
  study: { spec: StudySpec; trials: readonly FrozenTrial[] },
  path: string,
  options: SummaryOptions & { commit?: boolean } = {},
): Promise<void> {
  const folder = path.includes("/") ? path.slice(0, path.lastIndexOf("/")) : ".";
  await Deno.mkdir(folder, { recursive: true });
  const temporary = `${path}.${crypto.randomUUID()}`;
  await Deno.writeTextFile(temporary, studySummary(study, options));
  await Deno.rename(temporary, path);
  if (!options.commit) return;
  const name = path.slice(path.lastIndexOf("/") + 1);
  const git = async (...args: string[]) => {
    const { success, stderr, stdout } = await new Deno.Command("git", { args, cwd: folder })
      .output();
    if (success) return;
    const text = new TextDecoder().decode(stderr) || new TextDecoder().decode(stdout);
    throw new Error(`Cannot commit ${path}: git ${args[0]} says ${text.trim()}`);
  };
  await git("add", "--", name);
  await git(
    "commit",
    "--quiet",
    "-m",
    `Record the tuning of ${study.spec.name}`,
    "--only",
    "--",
    name,
  );
}
