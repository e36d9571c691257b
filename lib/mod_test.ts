import assert from "node:assert/strict";

Deno.test("importing the library needs no right to open sockets or native libraries", async () => {
  const { success, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "--no-prompt",
      "--allow-read",
      "--allow-env",
      "--deny-ffi",
      "--deny-net",
      "--deny-run",
      new URL("./mod.ts", import.meta.url).pathname,
    ],
  }).output();
  assert.ok(success, new TextDecoder().decode(stderr));
});
