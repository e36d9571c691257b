import assert from "node:assert/strict";
import { tapebook } from "../tests/support/tapebook.ts";

Deno.test("tapebook --help lists every subcommand", async () => {
  const { code, out } = await tapebook(["--help"]);
  assert.equal(code, 0);
  for (const name of ["demo", "start", "bench", "rerun", "data", "worker"]) {
    assert.match(out, new RegExp(`^  ${name} `, "m"));
  }
});

Deno.test("tapebook refuses an unknown subcommand and a bad seed with exit code 2", async () => {
  const unknown = await tapebook(["dmeo"]);
  assert.equal(unknown.code, 2);
  assert.match(unknown.err, /command must be one of demo, .*/);
  const seed = await tapebook(["demo", "--seed", "seven"]);
  assert.equal(seed.code, 2);
  assert.match(seed.err, /--seed must be an integer, got "seven"/);
});

Deno.test("start says in one line that the port is taken", async () => {
  const home = await Deno.makeTempDir();
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  try {
    const { code, err } = await tapebook(["start"], {
      TAPEBOOK_PORT: String(listener.addr.port),
      TAPEBOOK_HOME: home,
      TAPEBOOK_LOG_LEVEL: "error",
    });
    assert.equal(code, 1);
    assert.match(err, new RegExp(`port ${listener.addr.port}.*taken|taken.*${listener.addr.port}`));
    assert.doesNotMatch(err, /\n\s+at /);
  } finally {
    listener.close();
    await Deno.remove(home, { recursive: true });
  }
});

Deno.test("start says in one line that TAPEBOOK_HOME cannot be written", async () => {
  const file = await Deno.makeTempFile();
  try {
    const { code, err } = await tapebook(["start"], { TAPEBOOK_HOME: `${file}/home` });
    assert.equal(code, 1);
    assert.match(err, /TAPEBOOK_HOME|home/);
    assert.ok(err.includes(file), err);
    assert.doesNotMatch(err, /\n\s+at /);
  } finally {
    await Deno.remove(file);
  }
});

Deno.test("start names DATABASE_URL when it is malformed or nobody answers, without its password", async () => {
  const home = await Deno.makeTempDir();
  try {
    const malformed = await tapebook(["start"], { TAPEBOOK_HOME: home, DATABASE_URL: "mysql://x" });
    assert.equal(malformed.code, 1);
    assert.match(malformed.err, /DATABASE_URL must be a URL that starts with postgres/);
    const away = await tapebook(["start"], {
      TAPEBOOK_HOME: home,
      DATABASE_URL: "postgres://me:sesame@127.0.0.1:1/none",
    });
    assert.equal(away.code, 1);
    assert.match(away.err, /DATABASE_URL|database/i);
    assert.doesNotMatch(away.err, /sesame/);
    assert.doesNotMatch(away.err, /\n\s+at /);
  } finally {
    await Deno.remove(home, { recursive: true });
  }
});
