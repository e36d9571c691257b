import assert from "node:assert/strict";
import { seedPglite } from "../../tests/support/server.ts";
import { loadMasterKey, masterKeyOf } from "../auth/master_key.ts";
import { checkPassword, hashPassword } from "../auth/password_hash.ts";
import { readConfig } from "../config.ts";
import { openDatabase } from "../db/open.ts";
import { createAuditLog } from "./audit_log.ts";
import { systemClock } from "./clock.ts";
import {
  addUser,
  changeSecretKey,
  makeToken,
  resetPassword,
  rotateSecrets,
  verifyAuditLog,
} from "./governance_commands.ts";
import { createSecretService } from "./secrets.ts";

Deno.test("users, secrets and the audit log from the command line", async () => {
  const home = await Deno.makeTempDir();
  await seedPglite(home);
  const config = readConfig({ TAPEBOOK_HOME: home });
  const secretsOf = async (
    body: (s: ReturnType<typeof createSecretService>) => Promise<void>,
    key = config.secretKey,
  ) => {
    const db = await openDatabase(config);
    const audit = createAuditLog({ db, clock: systemClock });
    const master = key === undefined ? await loadMasterKey(config) : masterKeyOf(key);
    await body(createSecretService({ db, clock: systemClock, audit, master }))
      .finally(() => db.close());
  };
  assert.deepEqual(
    await addUser(config, { name: "ann", role: "reviewer", password: "correct horse" }).then((
      u,
    ) => [u.name, u.role]),
    ["ann", "reviewer"],
  );
  assert.throws(() => addUser(config, { name: "Bad Name", role: "viewer" }), /lower-case letters/);
  assert.throws(() => resetPassword(config, "ann", "short"), /at least 10 characters/);
  await resetPassword(config, "ann", "battery staple");
  assert.match(await makeToken(config, "ann", { label: "ci" }), /^[\w-]+\.[\w-]+\.[\w-]+$/);

  await secretsOf(async (secrets) => {
    await secrets.set({ name: "venue", value: "hunter2" }, { name: "ann" });
  });
  assert.equal(await rotateSecrets(config), 1);
  assert.equal(await changeSecretKey(config, "a new secret key"), 1);
  await secretsOf(async (secrets) => {
    assert.equal(await secrets.reveal("venue"), "hunter2");
  }, "a new secret key");
  await secretsOf(async (secrets) => {
    await assert.rejects(secrets.reveal("venue"), /sealed under another secret key/);
  });
  await assert.rejects(changeSecretKey(config, "yet another one!"), /the old one does not fit/);
  assert.throws(() => changeSecretKey(config, "short"), /at least 16 characters, got 5/);

  const found = await verifyAuditLog(config);
  assert.equal(found.ok, true, String(found.reason));
  assert.equal(found.entries, 6);
  assert.equal((await Deno.stat(`${home}/secret.key`)).mode! & 0o777, 0o600);
  await Deno.remove(home, { recursive: true });
});

Deno.test("a password's hash is salted, holds its cost, and takes no other password", async () => {
  const [a, b] = await Promise.all([hashPassword("pass word ü"), hashPassword("pass word ü")]);
  assert.notEqual(a, b);
  assert.match(a, /^scrypt\$15\$8\$3\$/);
  assert.equal(await checkPassword("pass word u\u0308", a), true, "normalised");
  assert.equal(await checkPassword("pass word u", a), false);
  assert.equal(await checkPassword("pass word ü", null), false);
});
