import assert from "node:assert/strict";

Deno.test("importing the rooms of datasets, models and training loads neither TensorFlow.js nor add-ons", async () => {
  const rooms = ["datasets", "models", "training"].map((room) =>
    new URL(`../${room}/mod.ts`, import.meta.url).href
  );
  const code = `
    for (const room of ${JSON.stringify(rooms)}) await import(room);
    console.log(JSON.stringify([typeof globalThis._tfengine, typeof globalThis._tfGlobals]));`;
  const dir = await Deno.makeTempDir();
  const script = `${dir}/probe.ts`;
  await Deno.writeTextFile(script, code);
  const { stdout, stderr, success } = await new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "--quiet",
      "--no-prompt",
      "--allow-read",
      "--allow-import",
      "--config",
      new URL("../../deno.json", import.meta.url).pathname,
      script,
    ],
    stdout: "piped",
    stderr: "piped",
  }).output();
  await Deno.remove(dir, { recursive: true });
  assert.ok(success, new TextDecoder().decode(stderr));
  assert.deepEqual(JSON.parse(new TextDecoder().decode(stdout)), ["undefined", "undefined"]);
});
