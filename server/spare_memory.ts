/** Gives memory that was freed back to the system. @module */
import type { Logger } from "./log.ts";

/** A trim takes about a millisecond. */
const everyMs = 1000;

export interface MemoryTrimmer {
  /** Gives back what is spare now. */
  trim(): void;
  close(): void;
}

/**
 * Asks the C library every second for the pages it keeps of freed memory: compiling PostgreSQL's
 * WebAssembly and building large answers leave tens of MiB of them, which it would keep for good. Null
 * where it has no such call (another system, another C library) or native calls are not permitted.
 */
export function trimMemory(log: Logger): MemoryTrimmer | null {
  if (Deno.build.os !== "linux") return null;
  // Asked first: opening a library without the permission would prompt whoever starts the server.
  if (Deno.permissions.querySync({ name: "ffi" }).state !== "granted") return null;
  try {
    const library = Deno.dlopen(
      "libc.so.6",
      { malloc_trim: { parameters: ["usize"], result: "i32" } } as const,
    );
    const trim = () => void library.symbols.malloc_trim(0n);
    const timer = setInterval(trim, everyMs);
    // It keeps no process alive by itself.
    Deno.unrefTimer(timer as unknown as number);
    return {
      trim,
      close() {
        clearInterval(timer);
        library.close();
      },
    };
  } catch (error) {
    log.debug("freed memory stays with the process", { error: String(error) });
    return null;
  }
}
