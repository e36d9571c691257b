import assert from "node:assert/strict";
import { seedPglite } from "../tests/support/server.ts";
import { startServerProcess } from "../tests/support/server_process.ts";
import { tapebook } from "../tests/support/tapebook.ts";

Deno.test("users, token, backup, restore and audit verify work on a home without a server", async () => {
  const home = await Deno.makeTempDir();
  try {
    const first = `${home}/first`;
    const added = await tapebook(["users", "add", "ann", "--role", "reviewer"], {
      TAPEBOOK_HOME: first,
    });
    assert.match(added.out, /ann is a reviewer/, added.err);
    const token = await tapebook(["token", "ann", "--label", "nightly"], { TAPEBOOK_HOME: first });
    assert.match(token.out.trim(), /^[\w-]+\.[\w-]+\.[\w-]+$/);
    const saved = await tapebook(["backup", `${home}/all.tar`], { TAPEBOOK_HOME: first });
    assert.match(saved.out, /all\.tar: \d+ rows, 0 artifacts/, saved.err);

    const second = `${home}/second`;
    const restored = await tapebook(["restore", `${home}/all.tar`], { TAPEBOOK_HOME: second });
    assert.match(restored.out, /restored \d+ rows and 0 artifacts/, restored.err);
    const verified = await tapebook(["audit", "verify"], { TAPEBOOK_HOME: second });
    assert.deepEqual([verified.code, verified.out.trim()], [0, "2 entries, none changed"]);

    const refused = await tapebook(["users", "add", "bob", "--role", "boss"], {
      TAPEBOOK_HOME: second,
    });
    assert.equal(refused.code, 2);
    assert.match(refused.err, /one of viewer, researcher, reviewer, admin, got "boss"/);
  } finally {
    await Deno.remove(home, { recursive: true });
  }
});

Deno.test({
  name: "backup and experiment ask the server that holds the home",
  sanitizeOps: false,
  sanitizeResources: false,
  async fn() {
    const folder = await Deno.makeTempDir();
    const home = `${folder}/home`;
    await seedPglite(home);
    const server = await startServerProcess({ TAPEBOOK_HOME: home, TAPEBOOK_AUTH: "off" });
    try {
      const api = `${server.url}/api/2.0`;
      const post = async (path: string, body: unknown) =>
        await (await fetch(`${api}/mlflow/${path}`, {
          method: "POST",
          headers: { "content-type": "application/json" },
          body: JSON.stringify(body),
        })).json();
      const { experiment_id } = await post("experiments/create", { name: "moving" });
      const { run } = await post("runs/create", { experiment_id });
      const path = `${experiment_id}/${run.info.run_id}/artifacts/note.txt`;
      const put = await fetch(`${api}/mlflow-artifacts/artifacts/${path}`, {
        method: "PUT",
        body: "kept",
      });
      await put.body?.cancel();
      const env = { TAPEBOOK_HOME: home, TAPEBOOK_TRACKING_URI: server.url };
      const saved = await tapebook(["backup", `${folder}/all.tar`], env);
      assert.match(saved.out, /made by the running server/, saved.err);
      const second = { TAPEBOOK_HOME: `${folder}/second` };
      const restored = await tapebook(["restore", `${folder}/all.tar`], second);
      assert.match(restored.out, /restored \d+ rows and 1 artifacts/, restored.err);
      const file = `${folder}/moving.tar`;
      const out = await tapebook(["experiment", "export", experiment_id, file], env);
      assert.match(out.out, /moving\.tar: experiment \d+, \d+ bytes/, out.err);
    } finally {
      await server.stop("SIGTERM");
      await Deno.remove(folder, { recursive: true });
    }
  },
});
