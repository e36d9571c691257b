import assert from "node:assert/strict";
import { listNotebooks, readNotebook } from "./notebook_files.ts";
import { listReports, readReportFile } from "./report_files.ts";

const notebook = JSON.stringify({
  cells: [
    { cell_type: "markdown", source: ["# First steps\n", "Text"] },
    {
      cell_type: "code",
      source: "1 + 1",
      execution_count: 1,
      outputs: [
        { output_type: "execute_result", data: { "text/plain": ["2"], "image/svg+xml": "<svg/>" } },
        { output_type: "stream", name: "stdout", text: ["a\n", "b"] },
        { output_type: "error", ename: "TypeError", evalue: "no" },
      ],
    },
    { cell_type: "raw", source: "left out" },
  ],
});

async function inFolder(body: (dir: string) => Promise<void>) {
  const dir = await Deno.makeTempDir();
  try {
    await body(dir);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

Deno.test("notebooks are listed with their titles; broken files are left out", () =>
  inFolder(async (dir) => {
    await Deno.writeTextFile(`${dir}/01_first.ipynb`, notebook);
    await Deno.writeTextFile(`${dir}/02_broken.ipynb`, "{");
    await Deno.writeTextFile(`${dir}/notes.txt`, "");
    const [info, ...others] = await listNotebooks(dir);
    assert.deepEqual(others, []);
    assert.deepEqual([info.name, info.title, info.cells, info.executed], [
      "01_first.ipynb",
      "First steps",
      2,
      1,
    ]);
    assert.deepEqual(await listNotebooks(`${dir}/absent`), []);
  }));

Deno.test("a notebook's outputs come in the richest form that runs no scripts", () =>
  inFolder(async (dir) => {
    await Deno.writeTextFile(`${dir}/01_first.ipynb`, notebook);
    const cells = await readNotebook(dir, "01_first.ipynb");
    assert.deepEqual(cells[1].outputs, [
      { kind: "svg", content: "<svg/>" },
      { kind: "text", content: "a\nb" },
      { kind: "error", content: "TypeError: no" },
    ]);
    for (const name of ["absent.ipynb", "../01_first.ipynb", "..%2f.ipynb"]) {
      await assert.rejects(readNotebook(dir, name), { code: "RESOURCE_DOES_NOT_EXIST" });
    }
  }));

Deno.test("reports are listed with their titles, and nothing outside the folder is read", () =>
  inFolder(async (dir) => {
    await Deno.mkdir(`${dir}/reports/run1`, { recursive: true });
    await Deno.writeTextFile(`${dir}/secret.md`, "secret");
    await Deno.writeTextFile(`${dir}/reports/README.md`, "# Reports");
    await Deno.writeTextFile(`${dir}/reports/run1/report.md`, "# Run 1\n![equity](equity.svg)");
    await Deno.writeTextFile(`${dir}/reports/run1/equity.svg`, "<svg/>");
    await Deno.symlink(`${dir}/secret.md`, `${dir}/reports/link.md`);
    const list = await listReports(`${dir}/reports`);
    assert.deepEqual(list.map((r) => [r.path, r.title]), [["run1/report.md", "Run 1"]]);
    const { type } = await readReportFile(`${dir}/reports`, "run1/equity.svg");
    assert.equal(type, "image/svg+xml");
    for (const path of ["../secret.md", "/etc/passwd", "run1", "link.md", "run1/absent.md"]) {
      await assert.rejects(readReportFile(`${dir}/reports`, path), {
        code: "RESOURCE_DOES_NOT_EXIST",
      });
    }
  }));
