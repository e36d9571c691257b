/** A server in a process of its own, that a test can kill. @module */

const permissions = ["read", "write", "env", "net", "sys", "run", "ffi"].map((p) => `--allow-${p}`);
/** What the task `start` keeps memory small with. */
const v8Flags = "--v8-flags=--max-semi-space-size=4,--heap-growing-percent=20";
const mallocLimits = { MALLOC_ARENA_MAX: "2", MALLOC_MMAP_THRESHOLD_: "65536" };
const script = new URL("./serve.ts", import.meta.url).pathname;

export interface ServerProcess {
  url: string;
  pid: number;
  /** Ends it at once, or asks it to finish; resolves when it is gone. */
  stop(signal?: "SIGKILL" | "SIGTERM"): Promise<Deno.CommandStatus>;
}

/** Starts it with this environment on a free port; resolves when it answers. */
export async function startServerProcess(env: Record<string, string>): Promise<ServerProcess> {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", v8Flags, ...permissions, script],
    env: { TAPEBOOK_PORT: "0", TAPEBOOK_LOG_LEVEL: "error", ...mallocLimits, ...env },
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  while (!text.includes("\n")) {
    const { value, done } = await reader.read();
    if (done) {
      await child.status;
      throw new Error("Cannot start the server: its process ended");
    }
    text += value;
  }
  const { url } = JSON.parse(text.slice(0, text.indexOf("\n")));
  return {
    url,
    pid: child.pid,
    async stop(signal = "SIGKILL") {
      child.kill(signal);
      const status = await child.status;
      await reader.cancel();
      return status;
    },
  };
}
