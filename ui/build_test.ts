import assert from "node:assert/strict";
import { buildUi } from "./build.ts";

Deno.test("buildUi() builds once, and finds the build of unchanged sources again", async () => {
  const outDir = await Deno.makeTempDir();
  try {
    const first = await buildUi({ outDir });
    assert.equal(first.cached, false);
    const html = await Deno.readTextFile(`${first.dir}/index.html`);
    const [script] = html.match(/\/assets\/app-\w+\.js/)!;
    const [style] = html.match(/\/assets\/app-\w+\.css/)!;
    for (const path of [script, style]) {
      assert.ok((await Deno.stat(first.dir + path)).size > 1000, path);
    }
    // Nothing is fetched from other sites: no address outside appears in the page or its style.
    for (const text of [html, await Deno.readTextFile(first.dir + style)]) {
      assert.doesNotMatch(text, /(?:src|href)="https?:|url\(["']?https?:/);
    }
    assert.deepEqual(await buildUi({ outDir }), { ...first, cached: true });
    const names = [...Deno.readDirSync(outDir)].map((entry) => entry.name);
    assert.deepEqual(names, [first.hash]);
  } finally {
    await Deno.remove(outDir, { recursive: true });
  }
});

Deno.test("two builds at the same time end with one whole build", async () => {
  const outDir = await Deno.makeTempDir();
  try {
    const builds = await Promise.all([buildUi({ outDir }), buildUi({ outDir })]);
    assert.equal(builds[0].dir, builds[1].dir);
    const names = [...Deno.readDirSync(outDir)].map((entry) => entry.name);
    assert.deepEqual(names, [builds[0].hash]);
  } finally {
    await Deno.remove(outDir, { recursive: true });
  }
});
