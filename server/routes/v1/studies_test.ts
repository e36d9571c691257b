import assert from "node:assert/strict";
import {
  createStudy,
  httpStore,
  type HttpStoreOptions,
  LeaseLostError,
  type Trial,
  TrialPruned,
} from "../../../lib/tuner/mod.ts";
import { type TestServer, testServer } from "../../../tests/support/server.ts";
import { bodyToJson } from "../../../lib/tuner/wire.ts";
import { studiesOf, StudyService } from "../../services/studies.ts";

const unique = () => `study ${crypto.randomUUID().slice(0, 8)}`;
const api = "/api/tapebook/v1/studies";

function storeOn(server: TestServer, options: HttpStoreOptions = {}) {
  return httpStore({
    url: "http://tapebook.test",
    flushMs: 5,
    fetch: (url, init) => server.app.request(new URL(url).pathname + new URL(url).search, init),
    ...options,
  });
}
const bowl = (t: Trial) => (t.suggestFloat("x", -5, 5) - 1) ** 2 + t.suggestInt("n", 0, 3);

testServer(
  "workers share a study: every trial is run once and all see the same best",
  async (server) => {
    const name = unique();
    const make = (worker: string) =>
      createStudy({ name, seed: 3, ifExists: "load", store: storeOn(server, { worker }) });
    const studies = ["a", "b", "c"].map(make);
    const seen: number[] = [];
    await Promise.all(studies.map((study) =>
      study.optimize(async (t) => {
        seen.push(t.number);
        const value = bowl(t);
        await new Promise((r) => setTimeout(r, 1));
        return value;
      }, { limit: 30 })
    ));
    assert.deepEqual(seen.sort((a, b) => a - b), Array.from({ length: 30 }, (_, i) => i));
    for (const study of studies) await study.refresh();
    const [first, ...rest] = studies.map((s) => ({
      best: s.best.value,
      values: s.trials.map((t) => t.value),
    }));
    assert.equal(first.values.length, 30);
    for (const other of rest) assert.deepEqual(other, first);
    for (const study of studies) await study.close();
  },
);

testServer(
  "a trial is a child run of the study's run, with params, metrics and tags",
  async (server) => {
    const name = unique();
    const study = createStudy({
      name,
      seed: 1,
      pruner: { kind: "median", startupTrials: 1 },
      store: storeOn(server, { experiment: name }),
    });
    await study.optimize((t) => {
      t.setUserAttr("note", "first");
      const x = t.suggestFloat("x", 0, 1);
      for (let step = 0; step < 3; step++) {
        t.report(t.number + step, step);
        if (t.shouldPrune()) throw new TrialPruned();
      }
      if (t.number === 0) return x;
      throw new Error("never here");
    }, { trials: 2 });
    await studiesOf(server.services).settled();
    const state = (await server.request("GET", `${api}/${encodeURIComponent(name)}`)).json<any>();
    const own = await server.services.tracking.getRun(state.runId);
    assert.equal(own.info.status, "FINISHED");
    assert.equal(own.data.metrics.find((m) => m.key === "best_value")?.value, study.best.value);
    const { items } = await server.services.tracking.searchRuns([state.experimentId], {
      filter: `tags."mlflow.parentRunId" = '${state.runId}'`,
      orderBy: ["attributes.run_name ASC"],
    });
    assert.deepEqual(items.map((r) => r.info.run_name), [`${name}-0`, `${name}-1`]);
    const [complete, pruned] = items;
    const tag = (run: typeof complete, key: string) =>
      run.data.tags.find((t) => t.key === key)?.value;
    assert.deepEqual(complete.data.params, [{ key: "x", value: String(study.trials[0].params.x) }]);
    assert.equal(
      complete.data.metrics.find((m) => m.key === "value")?.value,
      study.trials[0].value,
    );
    assert.equal(tag(complete, "note"), "first");
    assert.equal(tag(complete, "tapebook.trial_state"), "complete");
    assert.equal(tag(pruned, "tapebook.trial_state"), "pruned");
    const history = await server.services.tracking.getMetricHistory(
      complete.info.run_id,
      "intermediate",
    );
    assert.deepEqual(history.items.map((m) => [m.step, m.value]), [[0, 0], [1, 1], [2, 2]]);
    await study.close();
  },
);

testServer(
  "a study that goes on after its server was started anew has a running run",
  async (server) => {
    const name = unique();
    const open = () =>
      createStudy({
        name,
        seed: 1,
        ifExists: "load",
        store: storeOn(server, { experiment: name }),
      });
    const study = open();
    await study.optimize(bowl, { trials: 2 });
    await studiesOf(server.services).settled();
    const { runId } = (await server.request("GET", `${api}/${encodeURIComponent(name)}`))
      .json<{ runId: string }>();
    const status = async () => (await server.services.tracking.getRun(runId)).info.status;
    assert.equal(await status(), "FINISHED");
    // Another server on the same database has none of the first one's memory.
    const restarted = new StudyService(server.services);
    const { trial } = await restarted.claim(name, { worker: "w", leaseId: "l", leaseMs: 60_000 });
    assert.equal(trial?.number, 2);
    assert.equal(await status(), "RUNNING");
    await restarted.finish(name, 2, {
      leaseId: "l",
      state: "failed",
      body: bodyToJson({ ...study.trials[0], values: null }),
      reports: [],
    });
    await restarted.settled();
    assert.equal(await status(), "FINISHED");
    await study.close();
  },
);

testServer(
  "a lost worker's trial is run again with its values, from its checkpoint",
  async (server) => {
    const name = unique();
    const first = createStudy({
      name,
      seed: 1,
      store: storeOn(server, { leaseMs: 100, worker: "first" }),
    });
    // The first worker dies: its heartbeats stop with its connection.
    const trial = (await first.claim())!;
    const x = trial.suggestFloat("x", 0, 1);
    trial.report(7, 0);
    trial.report(6, 1);
    await trial.saveCheckpoint({ epoch: 1 });
    trial.report(5, 2);
    await new Promise((r) => setTimeout(r, 30));
    const link = first.link;
    await first.close();
    await new Promise((r) => setTimeout(r, 150));

    const second = createStudy({
      name,
      ifExists: "load",
      store: storeOn(server, { worker: "second" }),
    });
    const again = (await second.claim())!;
    assert.equal(again.number, trial.number);
    assert.equal(again.record.attempt, 2);
    assert.deepEqual(again.checkpoint, { epoch: 1 });
    assert.deepEqual([...again.record.intermediate], [[0, 7], [1, 6]]);
    assert.equal(again.suggestFloat("x", 0, 1), x);
    await second.tellAsync(again, 4);
    await assert.rejects(async () => link.finish(trial.record), LeaseLostError);
    await second.refresh();
    assert.deepEqual(second.trials.map((t) => [t.state, t.value]), [["complete", 4]]);
    await second.close();
  },
);

testServer("a trial that loses its worker too often has failed", async (server) => {
  const name = unique();
  for (let i = 0; i < 3; i++) {
    const study = createStudy({
      name,
      seed: 1,
      ifExists: "load",
      store: storeOn(server, { leaseMs: 100, maxAttempts: 2 }),
    });
    const trial = await study.claim({}, 1);
    if (i < 2) assert.equal(trial!.record.attempt, i + 1);
    else assert.equal(trial, null);
    await study.refresh();
    if (i === 2) {
      assert.equal(study.trials[0].state, "failed");
      assert.equal(study.trials[0].error, "lost its worker 2 times");
    }
    await study.close();
    await new Promise((r) => setTimeout(r, 130));
  }
});

testServer(
  "a worker whose lease is lost stops its objective and begins the next trial",
  async (server) => {
    const name = unique();
    const study = createStudy({ name, seed: 1, store: storeOn(server, { leaseMs: 120 }) });
    const outcomes: string[] = [];
    await study.optimize(async (t) => {
      if (outcomes.length === 0) {
        outcomes.push("taken");
        await server.services.db.query(
          "update study_trials set lease_id = 'other', lease_expires_at = now() + interval '1 hour' where number = $1 and study_id = (select study_id from studies where name = $2)",
          [t.number, name],
        );
        await new Promise((resolve) => t.signal!.addEventListener("abort", resolve));
        return 0;
      }
      outcomes.push("run");
      return bowl(t);
    }, { trials: 2 });
    assert.deepEqual(outcomes, ["taken", "run"]);
    await study.refresh();
    assert.deepEqual(study.trials.map((t) => t.state), ["running", "complete"]);
    await study.close();
  },
);

testServer("a released trial waits again and keeps its values", async (server) => {
  const study = createStudy({ name: unique(), seed: 1, store: storeOn(server) });
  const trial = (await study.claim())!;
  const n = trial.suggestInt("n", 0, 1000);
  await new Promise((r) => setTimeout(r, 30));
  await study.link.release!(trial.record);
  const again = (await study.claim())!;
  assert.equal(again.number, 0);
  assert.equal(again.suggestInt("n", 0, 1000), n);
  await study.tellAsync(again, Infinity);
  await study.refresh();
  assert.equal(study.best.value, Infinity);
  await study.close();
});

testServer(
  "enqueued and finished trials are added, and refused when they are wrong",
  async (server) => {
    const study = createStudy({ name: unique(), seed: 1, store: storeOn(server) });
    await study.enqueue({ x: 1, n: 0 });
    await study.optimize(bowl, { trials: 1 });
    assert.deepEqual(study.best.params, { x: 1, n: 0 });
    const copy = { ...study.trials[0], intermediate: new Map([[0, NaN], [1, 2]]) };
    await study.addTrial(copy);
    await study.refresh();
    assert.deepEqual([...study.trials[1].intermediate], [[0, NaN], [1, 2]]);
    const wrong = await server.request("POST", `${api}/${encodeURIComponent(study.name)}/trials`, {
      number: 0,
      state: "complete",
    });
    assert.equal(wrong.status, 400);
    assert.match(wrong.json<any>().message, /params/);
    await study.close();
  },
);

testServer(
  "study names are unique, unknown ones and wrong directions are refused",
  async (server) => {
    const name = unique();
    const open = (options: Parameters<typeof createStudy>[0] = {}) =>
      createStudy({ name, seed: 1, store: storeOn(server), ...options }).ready();
    await (await open()).close();
    await assert.rejects(open(), /name must be new/);
    await assert.rejects(
      open({ ifExists: "load", direction: "maximize" }),
      /directions must be \["minimize"\]/,
    );
    const unknown = await server.request("GET", `${api}/nobody`);
    assert.equal(unknown.status, 404);
    assert.equal(unknown.json<any>().error_code, "RESOURCE_DOES_NOT_EXIST");
    const list = (await server.request("GET", api)).json<any>().studies;
    assert.ok(list.some((s: any) => s.spec.name === name));
    assert.equal(
      (await server.request("DELETE", `${api}/${encodeURIComponent(name)}`)).status,
      200,
    );
    assert.equal((await server.request("GET", `${api}/${encodeURIComponent(name)}`)).status, 404);
  },
);

testServer("claims and ends that are sent twice change nothing", async (server) => {
  const name = unique();
  await createStudy({ name, seed: 1, store: storeOn(server) }).ready();
  const path = `${api}/${encodeURIComponent(name)}`;
  const claim = { worker: "w", leaseId: "lease-1", leaseMs: 60_000 };
  const numbers = [];
  for (let i = 0; i < 2; i++) {
    const answer = await server.request("POST", `${path}/claim`, claim);
    assert.equal(answer.status, 200, answer.text);
    numbers.push(answer.json<any>().trial.number);
  }
  assert.deepEqual(numbers, [0, 0]);
  const { number: _n, state: _s, attempt: _a, reports: _r, ...body } =
    (await server.request("GET", `${path}/trials`)).json<any>().trials[0];
  const end = {
    leaseId: "lease-1",
    state: "complete",
    body: { ...body, values: [3] },
    reports: [[0, "NaN"]],
  };
  for (let i = 0; i < 2; i++) {
    assert.equal((await server.request("POST", `${path}/trials/0/finish`, end)).status, 200);
  }
  const other = await server.request("POST", `${path}/trials/0/finish`, { ...end, leaseId: "x" });
  assert.equal(other.status, 409);
  const nan = await server.request("POST", `${path}/trials/0/finish`, {
    ...end,
    body: { ...body, values: [] },
  });
  assert.equal(nan.status, 400);
});

testServer("a store that is away is asked again until it answers", async (server) => {
  let calls = 0;
  const study = createStudy({
    name: unique(),
    seed: 1,
    store: storeOn(server, {
      fetch: (url, init) => {
        calls++;
        if (calls % 3 === 1) throw new TypeError("connection refused");
        if (calls % 3 === 2) return new Response("starting", { status: 503 });
        return server.app.request(new URL(url).pathname + new URL(url).search, init);
      },
    }),
  });
  await study.optimize(bowl, { trials: 1 });
  assert.equal(study.trials.length, 1);
  await study.close();
  const gone = createStudy({ store: httpStore({ url: "http://127.0.0.1:9", retryForMs: 50 }) });
  await assert.rejects(gone.ready(), /Cannot reach the study store at http:\/\/127.0.0.1:9/);
});

testServer("charts, importances, summary and exports are read over HTTP", async (server) => {
  const study = createStudy({ name: unique(), seed: 1, store: storeOn(server) });
  await study.optimize((t) => t.number === 2 ? Infinity : bowl(t), { trials: 14 });
  const path = `${api}/${encodeURIComponent(study.name)}`;
  for (
    const chart of [
      "history",
      "slice",
      "contour",
      "rank",
      "parallel",
      "edf",
      "pareto",
      "timeline",
      "intermediate",
      "importances",
    ]
  ) {
    const answer = await server.request("GET", `${path}/charts/${chart}`);
    assert.equal(answer.status, 200, answer.text);
    const { rows } = answer.json<any>();
    if (chart !== "intermediate") assert.ok(rows.length > 0, chart);
    if (chart === "history") assert.equal(rows[2].value, null);
  }
  const fanova = await server.request("GET", `${path}/charts/importances?method=fanova`);
  assert.deepEqual(fanova.json<any>().rows.map((r: any) => r.param).toSorted(), ["n", "x"]);
  const wrong = await server.request("GET", `${path}/charts/contour?x=nobody`);
  assert.equal(wrong.status, 400);
  assert.match(wrong.json<any>().message, /parameter must be one of n, x, got "nobody"/);
  assert.equal((await server.request("GET", `${path}/charts/history?objective=3`)).status, 400);
  const journal = await server.request("GET", `${path}/export/journal`);
  assert.equal(journal.text.trim().split("\n").length, 15);
  assert.match(
    journal.headers.get("content-disposition")!,
    /attachment; filename="study_\w+\.log"/,
  );
  assert.equal(
    (await server.request("GET", `${path}/export/csv`)).text.trim().split("\r\n").length,
    15,
  );
  assert.match((await server.request("GET", `${path}/export/summary`)).text, /^# Tuning: study/);
  assert.equal((await server.request("GET", `${path}/export/json`)).json<any>().trials.length, 14);
  await study.close();
});
