import assert from "node:assert/strict";
import { testServer } from "../../tests/support/server.ts";

const v1 = "/api/tapebook/v1";

testServer("secrets go in, never come out, and are sealed at rest", async (server) => {
  const secret = { name: "venue/key", value: "hunter2-hunter2", kind: "venue" };
  const put = await server.request("POST", `${v1}/secrets`, secret);
  assert.equal(put.status, 200, put.text);
  const { secrets, audit, db } = server.services;
  const listed = await server.request("GET", `${v1}/secrets`);
  assert.ok(!(put.text + listed.text).includes("hunter2"));
  assert.equal(await secrets.reveal("venue/key"), "hunter2-hunter2");
  const stored = JSON.stringify(await db.query("select * from secrets")) +
    JSON.stringify(await audit.list({ limit: 1000 }));
  assert.ok(!stored.includes("hunter2"));
  const before = await db.query<{ sealed: string; key_id: string }>("select * from secrets");
  const rotated = await server.request("POST", `${v1}/secrets/rotate`);
  assert.deepEqual(rotated.json(), { rotated: 1 });
  const after = await db.query<{ sealed: string; key_id: string }>("select * from secrets");
  assert.notEqual(after[0].key_id, before[0].key_id);
  assert.equal(await secrets.reveal("venue/key"), "hunter2-hunter2");
  // Another entry's seal does not open under this name.
  await secrets.set({ name: "other", value: "x" }, { name: "system" });
  await db.query(
    "update secrets set sealed = (select sealed from secrets where name = 'other') where name = 'venue/key'",
  );
  await assert.rejects(secrets.reveal("venue/key"));
});
