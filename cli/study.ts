/**
 * `tapebook study NAME`: says what a study on the server found, writes its summary (and commits it
 * when asked), exports it, or brings in an Optuna journal.
 * @module
 */
import {
  createStudy,
  exportCsv,
  exportJson,
  exportOptunaJournal,
  httpStore,
  importOptunaJournal,
  readStudySpec,
  studySummary,
  type SummaryOptions,
  writeStudySummary,
} from "../lib/tuner/mod.ts";
import { parseArgs, UsageError } from "./args.ts";

export const studyHelp = `tapebook study NAME [options]
Prints the summary of a study on the server.

  --url URL          the server; default TAPEBOOK_TRACKING_URI, else http://127.0.0.1:5000
  --summary FILE     write the summary as Markdown
  --commit           and commit that file, alone, to git
  --sharpe-bars N    state the deflated Sharpe ratio: bars on which each trial was measured
  --export FILE      write the study: .json, .csv, or .log for an Optuna journal
  --import FILE      bring in the studies of an Optuna journal (NAME: only that one)`;

export async function studyCommand(args: string[]): Promise<number> {
  if (args.includes("--help")) {
    console.log(studyHelp);
    return 0;
  }
  const { options, rest } = parseArgs("study", args, {
    url: "string",
    summary: "string",
    commit: "boolean",
    "sharpe-bars": "integer",
    export: "string",
    import: "string",
  });
  const store = httpStore({ url: options.url, retryForMs: 2000 });
  if (options.import) return await importStudies(options.import, rest[0], store);
  if (rest.length !== 1) throw new UsageError("Cannot run study: one study must be named");
  if (options.commit && !options.summary) {
    throw new UsageError("Cannot run study: --commit needs --summary FILE");
  }
  const bars = options["sharpe-bars"];
  const summaryOptions: SummaryOptions = bars === undefined ? {} : { sharpe: { bars } };
  const spec = await readStudySpec(rest[0], { url: options.url, retryForMs: 2000 });
  const study = createStudy({
    name: spec.name,
    directions: spec.directions,
    seed: spec.seed,
    ifExists: "load",
    store,
  });
  await study.ready();
  const data = { spec, trials: study.trials };
  await study.close();
  if (options.summary) {
    await writeStudySummary(data, options.summary, { ...summaryOptions, commit: options.commit });
    console.log(`Wrote ${options.summary}${options.commit ? " and committed it" : ""}`);
  }
  if (options.export) {
    await Deno.writeTextFile(options.export, exportAs(options.export, data));
    console.log(`Wrote ${options.export}`);
  }
  if (!options.summary && !options.export) console.log(studySummary(data, summaryOptions));
  return 0;
}

function exportAs(path: string, data: Parameters<typeof exportJson>[0]): string {
  const extension = path.slice(path.lastIndexOf("."));
  switch (extension) {
    case ".json":
      return exportJson(data);
    case ".csv":
      return exportCsv(data);
    case ".log":
      return exportOptunaJournal(data);
  }
  throw new UsageError(
    `Cannot export study: --export must end in .json, .csv or .log, got ${path}`,
  );
}

async function importStudies(
  path: string,
  only: string | undefined,
  store: ReturnType<typeof httpStore>,
): Promise<number> {
  const studies = importOptunaJournal(await Deno.readTextFile(path))
    .filter((s) => only === undefined || s.name === only);
  if (studies.length === 0) {
    throw new UsageError(
      `Cannot import study: ${path} has no study${only ? ` named ${only}` : ""}`,
    );
  }
  for (const imported of studies) {
    const { name, directions, userAttrs } = imported;
    const study = createStudy({ name, directions, userAttrs, store });
    await study.ready();
    let left = 0;
    for (const trial of imported.trials) {
      // A trial that was running elsewhere belongs to that worker.
      if (trial.state === "running") left++;
      else await study.link.add(trial);
    }
    await study.close();
    console.log(
      `Imported ${name}: ${imported.trials.length - left} trials${
        left ? `, ${left} running ones left out` : ""
      }`,
    );
  }
  return 0;
}
