/**
 * Every notebook runs from its first cell to its last in the real Deno kernel, against a real server.
 * @module
 */
import assert from "node:assert/strict";
import { readConfig } from "../../server/config.ts";
import { startServer } from "../../server/start.ts";
import { testWith } from "../support/components.ts";

const root = new URL("../../", import.meta.url).pathname;
const notebooks = [...Deno.readDirSync(`${root}notebooks`)]
  .map((e) => e.name).filter((name) => name.endsWith(".ipynb")).sort();

interface Cell {
  cell_type: string;
  outputs?: { output_type: string; data?: Record<string, unknown>; text?: string | string[] }[];
}

for (const name of notebooks) {
  testWith("jupyter", `notebooks/${name} runs and shows its plots`, async (python) => {
    const home = await Deno.makeTempDir();
    const server = await startServer(
      readConfig({ TAPEBOOK_HOME: home, TAPEBOOK_PORT: "0", TAPEBOOK_LOG_LEVEL: "error" }),
      {},
    );
    try {
      const out = `${home}/${name}`;
      const { success, stderr } = await new Deno.Command(python, {
        args: [
          `${root}tests/notebooks/run_notebook.py`,
          Deno.execPath(),
          `${root}notebooks/${name}`,
          out,
        ],
        env: { TAPEBOOK_TRACKING_URI: server.url, TAPEBOOK_HOME: `${home}/client` },
        stdout: "inherit",
        stderr: "piped",
      }).output();
      assert.ok(success, new TextDecoder().decode(stderr));
      const { cells } = JSON.parse(await Deno.readTextFile(out)) as { cells: Cell[] };
      const outputs = cells.filter((c) => c.cell_type === "code").flatMap((c) => c.outputs ?? []);
      assert.equal(outputs.filter((o) => o.output_type === "error").length, 0);
      const html = outputs.flatMap((o) => o.data?.["text/html"] ?? []).flat().join("\n");
      assert.ok((html.match(/<svg/g) ?? []).length >= 2, "plots are shown inline");
    } finally {
      await server.close();
      await Deno.remove(home, { recursive: true });
    }
  }, { sanitizeOps: false, sanitizeResources: false });
}
