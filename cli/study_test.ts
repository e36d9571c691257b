import assert from "node:assert/strict";
import { createStudy, httpStore } from "../lib/tuner/mod.ts";
import { workerMain } from "../lib/tuner/worker_arguments.ts";
import { openTestServer } from "../tests/support/server.ts";
import { studyCommand } from "./study.ts";
import { workerCommand } from "./worker.ts";

const objectives = new URL("../lib/tuner/testdata/chaos_objective.ts", import.meta.url).href;

Deno.test("worker and study commands: run trials, export, import, summarise", async () => {
  const server = await openTestServer("pglite");
  const http = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    (request) => server.app.fetch(request),
  );
  const url = `http://127.0.0.1:${http.addr.port}`;
  const folder = await Deno.makeTempDir();
  const lines: string[] = [];
  const log = console.log;
  console.log = (line: string) => lines.push(line);
  try {
    const study = createStudy({
      name: "by hand",
      direction: "maximize",
      seed: 1,
      userAttrs: { "tapebook:objective": `${objectives}#objective` },
      store: httpStore({ url, experiment: null }),
    });
    await study.ready();
    await study.close();
    assert.equal(await workerCommand(["--study", "by hand", "--url", url, "--limit", "8"]), 0);
    assert.match(lines.at(-1)!, /^worker done: 8 trials/);
    assert.equal(lines.filter((l) => /^trial \d /.test(l)).length, 8);

    await studyCommand(["by hand", "--url", url]);
    assert.match(lines.at(-1)!, /^# Tuning: by hand/);
    for (const name of ["s.json", "s.csv", "s.log"]) {
      assert.equal(
        await studyCommand(["by hand", "--url", url, "--export", `${folder}/${name}`]),
        0,
      );
    }
    await studyCommand([
      "by hand",
      "--url",
      url,
      "--summary",
      `${folder}/s.md`,
      "--sharpe-bars",
      "500",
    ]);
    assert.match(await Deno.readTextFile(`${folder}/s.md`), /Deflated Sharpe ratio/);

    const journal = (await Deno.readTextFile(`${folder}/s.log`)).replace("by hand", "brought in");
    await Deno.writeTextFile(`${folder}/other.log`, journal);
    assert.equal(await studyCommand(["--import", `${folder}/other.log`, "--url", url]), 0);
    assert.equal(lines.at(-1), "Imported brought in: 8 trials");
    const copy = createStudy({
      name: "brought in",
      direction: "maximize",
      ifExists: "load",
      store: httpStore({ url, experiment: null }),
    });
    await copy.ready();
    assert.equal(copy.trials.length, 8);
    await copy.close();
    await assert.rejects(
      studyCommand(["by hand", "--url", url, "--commit"]),
      /--commit needs --summary/,
    );
    await assert.rejects(studyCommand(["nobody", "--url", url]), /No study is named "nobody"/);
    await assert.rejects(
      studyCommand(["by hand", "--url", url, "--export", `${folder}/s.xml`]),
      /must end in .json, .csv or .log/,
    );
  } finally {
    console.log = log;
    await Deno.remove(folder, { recursive: true });
    await http.shutdown();
    await server.close();
  }
});

Deno.test("a worker that is called wrongly says what is missing and gives exit code 2", async () => {
  const errors: string[] = [];
  const error = console.error;
  console.error = (line: string) => errors.push(line);
  try {
    assert.equal(await workerMain([]), 2);
    assert.equal(await workerMain(["--study", "s", "--limit", "many"]), 2);
    assert.equal(await workerMain(["--speed", "9"]), 2);
  } finally {
    console.error = error;
  }
  assert.match(errors[0], /--study must be given/);
  assert.match(errors[1], /--limit must be an integer >= 1, got many/);
  assert.match(errors[2], /Unknown option '--speed'/);
});
