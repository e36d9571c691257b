import assert from "node:assert/strict";
import { openTestServer, testServer } from "../../tests/support/server.ts";
import { createTestDatabase } from "../../tests/support/postgres.ts";
import { testWith } from "../../tests/support/components.ts";
import { openDatabase } from "../db/open.ts";
import { createLogger } from "../log.ts";
import { createEventHub, type ServerEvent } from "./events.ts";
import { createLive, type LiveEvent, liveJson, mergeEvents } from "./live.ts";

interface Message {
  id?: string;
  event?: string;
  data?: string;
}

/** Reads messages of an event stream until `count` are there. */
async function readMessages(body: ReadableStream<Uint8Array>, count: number): Promise<Message[]> {
  const messages: Message[] = [];
  let text = "";
  const reader = body.pipeThrough(new TextDecoderStream() as never).getReader();
  while (messages.length < count) {
    const { value, done } = await reader.read();
    if (done) break;
    text += value;
    for (let end = text.indexOf("\n\n"); end >= 0; end = text.indexOf("\n\n")) {
      const fields = text.slice(0, end).split("\n").filter((l) => !l.startsWith(":"))
        .map((l) => [l.slice(0, l.indexOf(":")), l.slice(l.indexOf(":") + 2)]);
      text = text.slice(end + 2);
      const message: Message = Object.fromEntries(fields);
      if (message.event !== undefined) messages.push(message);
    }
  }
  await reader.cancel();
  return messages;
}

Deno.test("mergeEvents() keeps the latest point of each metric", () => {
  const event = (...metrics: { key: string; step: number }[]): ServerEvent => ({
    kind: "metric.logged",
    id: "r",
    data: { metrics },
  });
  assert.deepEqual(
    mergeEvents(event({ key: "a", step: 1 }, { key: "b", step: 1 }), event({ key: "a", step: 2 }))
      .data,
    { metrics: [{ key: "a", step: 2 }, { key: "b", step: 1 }] },
  );
  assert.equal(liveJson({ value: NaN, other: -Infinity }), '{"value":"NaN","other":"-Infinity"}');
});

testServer(
  "/live tells what changed, filtered, and again to those who come back",
  async (server) => {
    const { tracking, live } = server.services;
    const experimentId = await tracking.createExperiment(crypto.randomUUID());
    const { run } = await tracking.createRun({ experimentId }).then((run) => ({ run }));
    const runId = run.info.run_id;
    const answer = await server.app.request(`/live?id=${runId}&kinds=metric.logged,run.updated`);
    assert.match(answer.headers.get("content-type")!, /^text\/event-stream/);
    const reading = readMessages(answer.body!, 2);
    while (live.readers === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    for (let step = 0; step < 50; step++) {
      await tracking.logMetrics(runId, [{ key: "loss", value: NaN, timestamp: 1, step }]);
    }
    await tracking.updateRun(runId, { status: "FINISHED" });
    const messages = await reading;
    const kinds = messages.map((m) => m.event);
    assert.ok(kinds.every((k) => k === "metric.logged" || k === "run.updated"), kinds.join());
    const data = JSON.parse(messages[0].data!);
    assert.equal(data.id, runId);
    assert.equal(data.experimentId, experimentId);
    assert.equal(data.data.metrics[0].value, "NaN");
    const again = await server.app.request(`/live?id=${runId}`, {
      headers: { "last-event-id": messages[0].id! },
    });
    const [missed] = await readMessages(again.body!, 1);
    assert.ok(Number(missed.id) > Number(messages[0].id));
    const bad = await server.request("GET", "/live", undefined, { "last-event-id": "x" });
    assert.equal(bad.status, 400);
  },
);

testServer(
  "a run whose program falls silent is marked, and runs again when it comes back",
  async (server) => {
    const { tracking, heartbeats } = server.services;
    const experimentId = await tracking.createExperiment(crypto.randomUUID());
    const make = async () => (await tracking.createRun({ experimentId })).info.run_id;
    const [silent, lively, quiet] = [await make(), await make(), await make()];
    const beat = (id: string) => server.request("POST", `/api/tapebook/v1/runs/${id}/heartbeat`);
    assert.equal((await beat(silent)).status, 200);
    await new Promise((resolve) => setTimeout(resolve, 300));
    assert.equal((await beat(lively)).status, 200);
    const dead = await heartbeats.reap(200);
    assert.deepEqual(dead, [silent]);
    const read = async (id: string) => {
      const { info, data } = await tracking.getRun(id);
      return [info.status, data.tags.find((t) => t.key === "tapebook.dead")?.value] as const;
    };
    assert.equal((await read(silent))[0], "FAILED");
    assert.match((await read(silent))[1]!, /^no sign of life since \d{4}-/);
    assert.ok((await tracking.getRun(silent)).info.end_time! > 0);
    assert.deepEqual(await read(lively), ["RUNNING", undefined]);
    assert.deepEqual(await read(quiet), ["RUNNING", undefined], "it never gave a sign");
    await beat(silent);
    assert.deepEqual(await read(silent), ["RUNNING", undefined]);
    await tracking.updateRun(silent, { status: "FINISHED" });
    await beat(silent);
    assert.equal((await read(silent))[0], "FINISHED");
    assert.equal((await beat("0".repeat(32))).status, 404);
  },
);

testWith("postgres", "servers of one database tell each other what changed", async () => {
  const { url, drop } = await createTestDatabase();
  const open = async () => {
    const db = await openDatabase({ databaseUrl: url, home: "", connections: 2 });
    const events = createEventHub();
    const live = await createLive({ db, events, log: createLogger("silent"), gatherMs: 10 });
    return { db, events, live, close: () => live.close().then(() => db.close()) };
  };
  const [a, b] = [await open(), await open()];
  const heardAtB: ServerEvent[] = [];
  b.events.on("*", (event) => heardAtB.push(event));
  const subscription = b.live.subscribe();
  a.events.emit({ kind: "alias.set", id: "momentum", data: { alias: "champion", version: "2" } });
  a.events.emit({ kind: "run.updated", id: "big", data: { text: "x".repeat(20_000) } });
  const got: LiveEvent[] = [];
  for await (const event of subscription) {
    if (event !== "overflow") got.push(event);
    if (got.length === 2) break;
  }
  assert.deepEqual(got.map((e) => [e.kind, e.id]), [["alias.set", "momentum"], [
    "run.updated",
    "big",
  ]]);
  assert.deepEqual(got[0].data, { alias: "champion", version: "2" });
  assert.equal(got[1].data, undefined, "too large to send: readers read anew");
  assert.equal(heardAtB.length, 2, "caches of the other process hear it as well");
  const atA = a.live.subscribe({}, 0);
  const first = await atA[Symbol.asyncIterator]().next();
  assert.equal((first.value as LiveEvent).seq, 1);
  await new Promise((resolve) => setTimeout(resolve, 100));
  assert.equal(heardAtB.length, 2, "nothing comes back as an echo");
  await a.close();
  await b.close();
  await drop();
});

Deno.test("a reader that is too slow is told to read anew", async () => {
  const server = await openTestServer();
  const { db } = server.services;
  const events = createEventHub();
  const live = await createLive({ db, events, log: createLogger("silent"), queue: 3, memory: 5 });
  const subscription = live.subscribe();
  for (let i = 0; i < 10; i++) events.emit({ kind: "alert", id: String(i) });
  const got: string[] = [];
  for await (const event of subscription) {
    got.push(event === "overflow" ? event : event.id);
    if (event !== "overflow" && event.id === "9") break;
  }
  assert.equal(got[0], "overflow");
  assert.ok(got.length <= 4, got.join());
  const late = live.subscribe({}, 1);
  assert.equal((await late[Symbol.asyncIterator]().next()).value, "overflow");
  late.close();
  await live.close();
  await server.close();
});
