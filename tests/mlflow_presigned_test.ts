import assert from "node:assert/strict";
import { readConfig } from "../server/config.ts";
import { createLogger } from "../server/log.ts";
import { startServer } from "../server/start.ts";
import { testWith } from "./support/components.ts";
import { openTestDatabase } from "./support/server.ts";

const script = new URL("./mlflow_client/download_presigned.py", import.meta.url).pathname;

testWith("mlflow", "MLflow's client downloads from the bucket itself", async (python) => {
  const { default: S3rver } = await import("s3rver");
  const home = await Deno.makeTempDir({ prefix: "tapebook-presigned-" });
  const bucket = new S3rver({
    address: "127.0.0.1",
    port: 0,
    silent: true,
    directory: `${home}/buckets`,
    configureBuckets: [{ name: "models", configs: [] }],
  });
  const { port } = await bucket.run();
  const env: Record<string, string> = {
    AWS_ENDPOINT_URL_S3: `http://127.0.0.1:${port}`,
    AWS_ACCESS_KEY_ID: "S3RVER",
    AWS_SECRET_ACCESS_KEY: "S3RVER",
  };
  const before = Object.keys(env).map((name) => [name, Deno.env.get(name)] as const);
  for (const [name, value] of Object.entries(env)) Deno.env.set(name, value);
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
    assert.ok(hosts.includes(`127.0.0.1:${port}`), `asked ${hosts.join(", ")}`);
  } finally {
    await server.close();
    await bucket.close();
    for (const [name, value] of before) {
      if (value === undefined) Deno.env.delete(name);
      else Deno.env.set(name, value);
    }
    await Deno.remove(home, { recursive: true });
  }
}, { sanitizeOps: false, sanitizeResources: false });
