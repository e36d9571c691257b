import assert from "node:assert/strict";
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
