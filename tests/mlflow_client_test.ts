import assert from "node:assert/strict";
import { testWith } from "./support/components.ts";
import { openTestDatabase } from "./support/server.ts";
import { readConfig } from "../server/config.ts";
import { createLogger } from "../server/log.ts";
import { startServer } from "../server/start.ts";

testWith("mlflow", "MLflow's own Python client drives the server", async (python, t) => {
  const home = await Deno.makeTempDir({ prefix: "tapebook-mlflow-" });
  const config = readConfig({ TAPEBOOK_HOME: home, TAPEBOOK_PORT: "0" });
  const db = await openTestDatabase("pglite");
  const server = await startServer(config, { db, log: createLogger("error") });
  try {
    const before = Deno.memoryUsage().rss;
    const child = new Deno.Command(python, {
      args: [new URL("./mlflow_client/drive.py", import.meta.url).pathname, server.url],
      cwd: home,
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    const { stdout, stderr } = await child.output();
    const lines = new TextDecoder().decode(stdout).split("\n").filter((l) => l.startsWith("{"));
    assert.ok(lines.length > 0, new TextDecoder().decode(stderr));
    for (const line of lines) {
      const { name, error } = JSON.parse(line) as { name: string; error: string | null };
      await t.step(name.replaceAll("_", " "), () => {
        if (error) throw new Error(error);
      });
    }
    const grown = (Deno.memoryUsage().rss - before) / 2 ** 20;
    await t.step("memory stays flat though 100 MB went up and down", () => {
      assert.ok(grown < 400, `grew by ${grown.toFixed(0)} MiB`);
    });
  } finally {
    await server.close();
    await Deno.remove(home, { recursive: true });
  }
}, { sanitizeOps: false, sanitizeResources: false });
