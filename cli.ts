/**
 * The one command line of Tapebook. `tapebook --help` lists the subcommands; each is a file of cli/,
 * loaded only when it is called.
 * @module
 */
import { UsageError } from "./cli/args.ts";

interface Command {
  summary: string;
  run(args: string[]): Promise<number>;
}

const commands: Record<string, Command> = {
  demo: {
    summary: "the main job, end to end on real data; --exit, --seed N, --json FILE",
    run: async (args) => (await import("./cli/demo.ts")).demoCommand(args),
  },
  start: {
    summary: "tracking server, UI and serving on TAPEBOOK_HOST:TAPEBOOK_PORT",
    run: async (args) => (await import("./cli/start.ts")).startCommand(args),
  },
  bench: {
    summary: "[NAME…] measured speed beside peers; --json FILE, --quick",
    run: async (args) => (await import("./cli/bench.ts")).benchCommand(args),
  },
  rerun: {
    summary: "RUN repeats a recorded run and says whether its metrics are equal",
    run: async (args) => (await import("./cli/rerun.ts")).rerunCommand(args),
  },
  data: {
    summary: "fetch|list|check|show|export: the catalog of bars",
    run: async (args) => (await import("./cli/data.ts")).dataCommand(args),
  },
  worker: {
    summary: "--study NAME takes trials of a study until it is done",
    run: async (args) => (await import("./cli/worker.ts")).workerCommand(args),
  },
  study: {
    summary: "NAME says what a study found; --summary, --export, --import",
    run: async (args) => (await import("./cli/study.ts")).studyCommand(args),
  },
  audit: {
    summary: "verify holds the audit log against its hash chain",
    run: async (args) => (await import("./cli/people.ts")).auditCommand(args),
  },
  users: {
    summary: "add|password NAME; --role viewer, researcher, reviewer or admin",
    run: async (args) => (await import("./cli/people.ts")).usersCommand(args),
  },
  token: {
    summary: "NAME makes a token for a program; --label, --days",
    run: async (args) => (await import("./cli/people.ts")).tokenCommand(args),
  },
  secrets: {
    summary: "rotate|rekey: new keys for the secrets kept at rest",
    run: async (args) => (await import("./cli/people.ts")).secretsCommand(args),
  },
  backup: {
    summary: "FILE: everything the server keeps, of one moment, with checksums",
    run: async (args) => (await import("./cli/storage.ts")).backupCommand(args),
  },
  experiment: {
    summary: "export ID FILE | import FILE [--name NAME]: one experiment as an archive",
    run: async (args) => (await import("./cli/storage.ts")).experimentCommand(args),
  },
  restore: {
    summary: "FILE: puts a backup into an empty database",
    run: async (args) => (await import("./cli/storage.ts")).restoreCommand(args),
  },
  gc: {
    summary: "frees the rows, names and bytes of what was deleted; --older-than-days",
    run: async (args) => (await import("./cli/storage.ts")).gcCommand(args),
  },
  "import-mlflow": {
    summary: "PATH takes over MLflow's SQLite database or mlruns folder; --artifacts FOLDER",
    run: async (args) => (await import("./cli/storage.ts")).importMlflowCommand(args),
  },
  "build-ui": {
    summary: "builds the browser's pages into TAPEBOOK_HOME, as the first start does",
    run: async (args) => (await import("./cli/start.ts")).buildUiCommand(args),
  },
};

function help(): string {
  const width = Math.max(...Object.keys(commands).map((name) => name.length));
  return [
    "tapebook: from an idea in a notebook to a model that serves decisions",
    "",
    "usage: deno task tapebook COMMAND [options]",
    "",
    ...Object.entries(commands).map(([name, c]) => `  ${name.padEnd(width)}  ${c.summary}`),
    "",
    "Configuration is read from the environment: TAPEBOOK_HOME, DATABASE_URL, REDIS_URL,",
    "TAPEBOOK_HOST, TAPEBOOK_PORT, TAPEBOOK_TRACKING_URI, TAPEBOOK_BACKEND, TAPEBOOK_AUTH.",
  ].join("\n");
}

/** Runs one command line and gives its exit code: 0 done, 1 failed, 2 called wrongly, 130 stopped. */
export async function main(args: string[]): Promise<number> {
  const [name, ...rest] = args;
  if (name === undefined || name === "--help" || name === "-h" || name === "help") {
    console.log(help());
    return name === undefined ? 2 : 0;
  }
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (!command) {
    console.error(
      `Cannot run ${JSON.stringify(name)}: command must be one of ${
        Object.keys(commands).join(", ")
      }`,
    );
    return 2;
  }
  try {
    return await command.run(rest);
  } catch (error) {
    if (error instanceof UsageError) {
      console.error(error.message);
      return 2;
    }
    // Expected faults carry their whole story in the message; a stack is for the unexpected.
    const expected = error instanceof Error &&
      /^(Cannot|The |No )/.test(error.message) && !Deno.env.get("TAPEBOOK_DEBUG");
    console.error(expected ? error.message : error);
    return 1;
  }
}

if (import.meta.main) Deno.exit(await main(Deno.args));
