import assert from "node:assert/strict";
import { connect, TrackingError } from "../lib/tracking/mod.ts";
import { roleScopes } from "../lib/contracts/people/mod.ts";
import { readConfig } from "../server/config.ts";
import { createLogger } from "../server/log.ts";
import { startServer } from "../server/start.ts";
import { testWith } from "./support/components.ts";
import { openTestDatabase } from "./support/server.ts";

const system = { name: "system" };

/** A server with sign-in on, a researcher and a viewer with a password and a token each. */
async function startGuarded() {
  const home = await Deno.makeTempDir({ prefix: "tapebook-auth-" });
  const server = await startServer(
    readConfig({ TAPEBOOK_HOME: home, TAPEBOOK_PORT: "0", TAPEBOOK_AUTH: "on" }),
    { db: await openTestDatabase("pglite"), log: createLogger("silent") },
  );
  const { users } = server.services;
  const password = "correct horse";
  const token = {} as Record<"researcher" | "viewer", string>;
  for (const role of ["researcher", "viewer"] as const) {
    await users.create({ name: role, role, password }, system);
    const made = await users.createToken(
      { name: role, scopes: roleScopes[role] },
      { label: "test", expiresInDays: 1 },
      system,
    );
    token[role] = made.token;
  }
  return {
    url: server.url,
    password,
    token,
    users,
    async stop() {
      await server.close();
      await Deno.remove(home, { recursive: true });
    },
  };
}

const loose = { sanitizeOps: false, sanitizeResources: false };

Deno.test({
  name: "the client signs in by password and by token, and keeps what an expired token refused",
  ...loose,
  async fn() {
    const server = await startGuarded();
    const spoolDir = await Deno.makeTempDir();
    const options = { spoolDir, retries: 1 };
    try {
      const none = connect(server.url, options);
      await assert.rejects(none.startRun({ name: "nobody" }), (error: unknown) => {
        assert.ok(error instanceof TrackingError);
        assert.equal(error.status, 401);
        assert.match(error.message, /sign in first \(set MLFLOW_TRACKING_TOKEN/);
        return true;
      });
      await none.close();
      const viewer = connect(server.url, { ...options, token: server.token.viewer });
      await assert.rejects(viewer.startRun({ name: "viewer" }), /needs the scope write/);
      await viewer.close();
      const byPassword = connect(server.url, {
        ...options,
        username: "researcher",
        password: server.password,
      });
      const run = await byPassword.startRun({ name: "by password" });
      run.logMetric("loss", 1);
      await run.end();
      await byPassword.close();

      const tracker = connect(server.url, { ...options, token: server.token.researcher });
      const cut = await tracker.startRun({ name: "cut off" });
      await server.users.update("researcher", { disabled: true }, system);
      cut.logMetric("loss", 2, { step: 0, timestamp: 1 });
      await assert.rejects(cut.flush({ timeoutMs: 5_000 }), /the token was revoked/);
      await tracker.close();
      await server.users.update("researcher", { disabled: false }, system);
      const { token } = await server.users.createToken(
        { name: "researcher", scopes: ["read", "write"] },
        { label: "again", expiresInDays: 1 },
        system,
      );
      const again = connect(server.url, { ...options, token });
      await again.flush();
      const { values } = await again.reader.metricHistory(cut.id, "loss");
      assert.deepEqual([...values], [2]);
      await again.close();
    } finally {
      await server.stop();
      await Deno.remove(spoolDir, { recursive: true });
    }
  },
});

const script = `
import json, os, sys, mlflow
from mlflow.exceptions import MlflowException
for name, env in json.load(sys.stdin).items():
    for key in ("USERNAME", "PASSWORD", "TOKEN"):
        os.environ.pop("MLFLOW_TRACKING_" + key, None)
    os.environ.update(env)
    try:
        with mlflow.start_run(run_name=name) as run:
            mlflow.log_metric("loss", 0.5)
        print(name, "run", run.info.run_id)
    except MlflowException as e:
        print(name, "refused", e.error_code, str(e)[:200])
`;

testWith("mlflow", "MLflow's own client signs in by password and by token", async (python) => {
  const server = await startGuarded();
  try {
    const child = new Deno.Command(python, {
      args: ["-c", script],
      env: {
        MLFLOW_TRACKING_URI: server.url,
        MLFLOW_HTTP_REQUEST_MAX_RETRIES: "1",
        GIT_PYTHON_REFRESH: "quiet",
      },
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    const writer = child.stdin.getWriter();
    await writer.write(new TextEncoder().encode(JSON.stringify({
      password: {
        MLFLOW_TRACKING_USERNAME: "researcher",
        MLFLOW_TRACKING_PASSWORD: server.password,
      },
      token: { MLFLOW_TRACKING_TOKEN: server.token.researcher },
      viewer: { MLFLOW_TRACKING_TOKEN: server.token.viewer },
    })));
    await writer.close();
    const { stdout, stderr } = await child.output();
    const text = new TextDecoder().decode(stdout);
    assert.match(text, /^password run [0-9a-f]{32}$/m, new TextDecoder().decode(stderr));
    assert.match(text, /^token run [0-9a-f]{32}$/m);
    assert.match(text, /^viewer refused PERMISSION_DENIED .*needs the scope write/m);
  } finally {
    await server.stop();
  }
}, loose);
