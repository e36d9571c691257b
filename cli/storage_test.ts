import assert from "node:assert/strict";

const root = new URL("..", import.meta.url).pathname;

async function tapebook(home: string, args: string[], env: Record<string, string> = {}) {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "cli.ts", ...args],
    cwd: root,
    env: { TAPEBOOK_HOME: home, DATABASE_URL: "", ...env },
  }).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, out: text(stdout), err: text(stderr) };
}

Deno.test("users, token, backup, restore and audit verify work on a home without a server", async () => {
  const home = await Deno.makeTempDir();
  try {
    const first = `${home}/first`;
    const added = await tapebook(first, ["users", "add", "ann", "--role", "reviewer"]);
    assert.match(added.out, /ann is a reviewer/, added.err);
    const token = await tapebook(first, ["token", "ann", "--label", "nightly"]);
    assert.match(token.out.trim(), /^[\w-]+\.[\w-]+\.[\w-]+$/);
    const saved = await tapebook(first, ["backup", `${home}/all.tar`]);
    assert.match(saved.out, /all\.tar: \d+ rows, 0 artifacts/, saved.err);

    const second = `${home}/second`;
    const restored = await tapebook(second, ["restore", `${home}/all.tar`]);
    assert.match(restored.out, /restored \d+ rows and 0 artifacts/, restored.err);
    const verified = await tapebook(second, ["audit", "verify"]);
    assert.deepEqual([verified.code, verified.out.trim()], [0, "2 entries, none changed"]);

    const refused = await tapebook(second, ["users", "add", "bob", "--role", "boss"]);
    assert.equal(refused.code, 2);
    assert.match(refused.err, /one of viewer, researcher, reviewer, admin, got "boss"/);
  } finally {
    await Deno.remove(home, { recursive: true });
  }
});
