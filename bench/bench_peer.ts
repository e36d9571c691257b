/**
 * A peer written in Python that answers questions, one line of JSON each: it starts once, and its
 * figures can be taken in turn with ours, so that a machine that grows slower slows both.
 * @module
 */
import { hasPythonModules, peerPythonPath } from "./bench_result.ts";

/** A running peer. */
export interface Peer {
  /** The answer to one question. @throws {Error} If the peer ended or answered with an error. */
  ask<T>(question: unknown): Promise<T>;
  close(): Promise<void>;
}

/**
 * Starts a peer's script, a path beside the benchmark. Null, with a line logged, when the peers'
 * Python or its modules are absent.
 */
export async function startPeer(
  script: URL,
  modules: string[],
  log: (line: string) => void,
): Promise<Peer | null> {
  if (!(await hasPythonModules(...modules))) {
    log(`${modules.join(", ")} not found by ${peerPythonPath()}: its rows are left out`);
    return null;
  }
  const child = new Deno.Command(peerPythonPath(), {
    args: [script.pathname],
    stdin: "piped",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  const writer = child.stdin.getWriter();
  const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  let pending = "";
  return {
    async ask<T>(question: unknown): Promise<T> {
      await writer.write(new TextEncoder().encode(JSON.stringify(question) + "\n"));
      let end: number;
      while ((end = pending.indexOf("\n")) < 0) {
        const { value, done } = await reader.read();
        if (done) throw new Error(`Cannot ask peer ${script.pathname}: it ended`);
        pending += value;
      }
      const answer = JSON.parse(pending.slice(0, end));
      pending = pending.slice(end + 1);
      if (answer.error) throw new Error(`Cannot ask peer ${script.pathname}: ${answer.error}`);
      return answer as T;
    },
    async close() {
      await writer.close();
      await reader.cancel();
      await child.status;
    },
  };
}
