import assert from "node:assert/strict";
import { ConfigError, readConfig } from "./config.ts";
import { createLogger } from "./log.ts";
import { openTestDatabase } from "../tests/support/server.ts";
import { startServer } from "./start.ts";

const log = createLogger("silent");

async function withHome(body: (home: string) => Promise<void>): Promise<void> {
  const home = await Deno.makeTempDir({ prefix: "tapebook-start-" });
  try {
    await body(home);
  } finally {
    await Deno.remove(home, { recursive: true });
  }
}

Deno.test("readConfig() takes defaults, and authentication is off on loopback only", () => {
  const config = readConfig({ TAPEBOOK_HOME: "/srv/tb" });
  assert.equal(config.port, 5000);
  assert.equal(config.host, "127.0.0.1");
  assert.equal(config.auth, "off");
  assert.equal(config.artifacts, "/srv/tb/artifacts");
  assert.equal(readConfig({ TAPEBOOK_HOST: "0.0.0.0" }).auth, "on");
  assert.equal(readConfig({ TAPEBOOK_HOST: "0.0.0.0", TAPEBOOK_AUTH: "off" }).auth, "off");
});

Deno.test("readConfig() names every variable at fault, and keeps secrets to itself", () => {
  assert.throws(
    () =>
      readConfig({
        TAPEBOOK_PORT: "99999",
        TAPEBOOK_AUTH: "maybe",
        DATABASE_URL: "mysql://me:hunter2@host/db",
      }),
    (error: unknown) => {
      assert.ok(error instanceof ConfigError);
      assert.match(error.message, /TAPEBOOK_PORT must be between 0 and 65535, got "99999"/);
      assert.match(error.message, /TAPEBOOK_AUTH must be one of on, off, got "maybe"/);
      assert.match(error.message, /DATABASE_URL must be a URL that starts with postgres:\/\//);
      assert.doesNotMatch(error.message, /hunter2/);
      return true;
    },
  );
});

Deno.test("startServer() says that the port is taken", async () => {
  await withHome(async (home) => {
    const other = Deno.serve(
      { port: 0, hostname: "127.0.0.1", onListen() {} },
      () => new Response(),
    );
    try {
      const config = readConfig({
        TAPEBOOK_HOME: home,
        TAPEBOOK_PORT: String(other.addr.port),
      });
      await assert.rejects(
        startServer(config, { log }),
        /^Error: Cannot start the server: port \d+ on 127\.0\.0\.1 is taken; .*TAPEBOOK_PORT$/,
      );
    } finally {
      await other.shutdown();
    }
  });
});

Deno.test("startServer() says that TAPEBOOK_HOME cannot be written", async () => {
  await withHome(async (home) => {
    await Deno.writeTextFile(`${home}/file`, "");
    const config = readConfig({ TAPEBOOK_HOME: `${home}/file/below`, TAPEBOOK_PORT: "0" });
    await assert.rejects(
      startServer(config, { log }),
      /^Error: Cannot start the server: TAPEBOOK_HOME must be a folder that can be written, got /,
    );
  });
});

Deno.test({
  name: "startServer() says that DATABASE_URL leads nowhere, without its password",
  sanitizeOps: false,
  sanitizeResources: false,
  async fn() {
    await withHome(async (home) => {
      const config = readConfig({
        TAPEBOOK_HOME: home,
        TAPEBOOK_PORT: "0",
        DATABASE_URL: "postgres://me:hunter2@127.0.0.1:1/db",
      });
      await assert.rejects(startServer(config, { log }), (error: Error) => {
        assert.match(error.message, /^Cannot connect to the database of DATABASE_URL \(me@127/);
        assert.match(error.message, /is PostgreSQL running there\?$/);
        assert.doesNotMatch(error.message, /hunter2/);
        return true;
      });
    });
  },
});

Deno.test({
  name: "close() finishes the requests that have begun",
  sanitizeOps: false,
  sanitizeResources: false,
  async fn() {
    await withHome(async (home) => {
      const config = readConfig({ TAPEBOOK_HOME: home, TAPEBOOK_PORT: "0" });
      const db = await openTestDatabase("pglite");
      const server = await startServer(config, { log, db });
      // An upload whose second half is sent after the server was told to stop.
      let sendRest = () => {};
      const body = new ReadableStream<Uint8Array>({
        start(controller) {
          controller.enqueue(new Uint8Array(1000));
          sendRest = () => {
            controller.enqueue(new Uint8Array(1000));
            controller.close();
          };
        },
      });
      const answer = fetch(`${server.url}/api/2.0/mlflow-artifacts/artifacts/late.bin`, {
        method: "PUT",
        body,
      });
      await new Promise((resolve) => setTimeout(resolve, 100));
      const closed = server.close();
      setTimeout(sendRest, 100);
      const { status } = await answer;
      assert.equal(status, 200, await (await answer).text());
      await closed;
      await assert.rejects(fetch(`${server.url}/health`));
    });
  },
});

Deno.test({
  name: "two servers never open the same database folder",
  sanitizeOps: false,
  sanitizeResources: false,
  async fn() {
    await withHome(async (home) => {
      const config = readConfig({ TAPEBOOK_HOME: home, TAPEBOOK_PORT: "0" });
      const first = await startServer(config, { log });
      try {
        await assert.rejects(startServer(config, { log }), /process \d+ is using it/);
      } finally {
        await first.close();
      }
      const again = await startServer(config, { log });
      await again.close();
    });
  },
});
