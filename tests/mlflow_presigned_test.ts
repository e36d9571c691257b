import assert from "node:assert/strict";
import { readConfig } from "../server/config.ts";
import { createLogger } from "../server/log.ts";
import { startServer } from "../server/start.ts";
import { testWith } from "./support/components.ts";
import { startS3 } from "./support/s3_server.ts";
import { openTestDatabase } from "./support/server.ts";

const script = new URL("./mlflow_client/download_presigned.py", import.meta.url).pathname;

testWith("mlflow", "MLflow's client downloads from the bucket itself", async (python) => {
  const home = await Deno.makeTempDir({ prefix: "tapebook-presigned-" });
  const bucket = await startS3();
  const config = readConfig({
    TAPEBOOK_HOME: home,
    TAPEBOOK_PORT: "0",
    TAPEBOOK_ARTIFACTS: "s3://models/tapebook",
  });
  const log = createLogger("error");
  const server = await startServer(config, { db: await openTestDatabase("pglite"), log });
  try {
    const child = new Deno.Command(python, {
      args: [script, server.url],
      cwd: home,
      stdout: "piped",
      stderr: "piped",
    });
    const { stdout, stderr } = await child.output();
    const lines = new TextDecoder().decode(stdout).split("\n").filter((l) => l.startsWith("{"));
    assert.ok(lines.length > 0, new TextDecoder().decode(stderr));
    const { same, hosts } = JSON.parse(lines[0]) as { same: boolean; hosts: string[] };
    assert.equal(same, true);
    assert.ok(hosts.includes(`127.0.0.1:${bucket.port}`), `asked ${hosts.join(", ")}`);
  } finally {
    await server.close();
    await bucket.close();
    await Deno.remove(home, { recursive: true });
  }
}, { sanitizeOps: false, sanitizeResources: false });
