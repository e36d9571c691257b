import assert from "node:assert/strict";
import { createLogger } from "./log.ts";
import { trimMemory } from "./spare_memory.ts";

const log = createLogger("silent");

async function residentMiB(): Promise<number> {
  const status = await Deno.readTextFile("/proc/self/status");
  return Number(/^VmRSS:\s+(\d+)/m.exec(status)![1]) / 1024;
}

Deno.test({
  name: "trimMemory() gives back pages that the C library keeps after they were freed",
  ignore: Deno.build.os !== "linux",
  async fn() {
    const trimmer = trimMemory(log);
    assert.ok(trimmer);
    const libc = Deno.dlopen(
      "libc.so.6",
      {
        calloc: { parameters: ["usize", "usize"], result: "pointer" },
        memset: { parameters: ["pointer", "i32", "usize"], result: "pointer" },
        free: { parameters: ["pointer"], result: "void" },
      } as const,
    );
    const size = 32n * 1024n;
    const blocks = Array.from({ length: 2048 }, () => {
      const block = libc.symbols.calloc(1n, size);
      libc.symbols.memset(block, 1, size);
      return block;
    });
    // The last block lies above the others, so that the library can't give them back by itself.
    const last = blocks.pop()!;
    for (const block of blocks) libc.symbols.free(block);
    const kept = await residentMiB();
    trimmer.trim();
    const left = await residentMiB();
    libc.symbols.free(last);
    trimmer.close();
    libc.close();
    assert.ok(kept - left > 48, `${kept} MiB before, ${left} MiB after, of 64 MiB freed`);
  },
});

Deno.test({
  name: "trimMemory() does nothing where native calls are not permitted",
  permissions: { ffi: false },
  fn() {
    assert.equal(trimMemory(log), null);
  },
});
