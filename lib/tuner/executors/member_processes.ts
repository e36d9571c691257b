/**
 * Processes that train members of a population. One that crashes harms nobody: another process takes
 * the step up again, from the checkpoint that it began with.
 * @module
 */
import type { MemberStep } from "../population_based.ts";
import { workerPermissions } from "./workers.ts";

export interface MemberProcessesOptions {
  /** Processes at once. */
  workers: number;
  /** Processes that may be started anew after a crash, in all. Default 5 per worker. */
  restarts?: number;
  /** Permissions of the processes; default those of a tuning worker. */
  permissions?: string[];
  /** Called with each process that is started. */
  onStart?: (process: Deno.ChildProcess) => void;
}

/** What one interval of training came to; the checkpoint is JSON. */
export interface StepResult {
  value: number;
  checkpoint: unknown;
}

interface Member {
  process: Deno.ChildProcess;
  lines: ReadableStreamDefaultReader<string>;
  /** What was read beyond the last line. */
  rest: string;
}

/** Line prefix of answers; whatever else a training prints is passed on. */
export const answerMark = "@member ";

/** A pool of processes for `module#function`; close it at the end. */
export class MemberProcesses {
  readonly #reference: string;
  readonly #options: MemberProcessesOptions;
  readonly #idle: Member[] = [];
  readonly #alive = new Set<Member>();
  #restarts: number;
  #isClosed = false;

  constructor(reference: string, options: MemberProcessesOptions) {
    this.#reference = reference;
    this.#options = options;
    this.#restarts = options.restarts ?? 5 * options.workers;
  }

  #start(): Member {
    const { permissions = workerPermissions, onStart } = this.#options;
    const main = new URL("./member_main.ts", import.meta.url).href;
    const process = new Deno.Command(Deno.execPath(), {
      args: ["run", "--quiet", ...permissions, main, this.#reference],
      stdin: "piped",
      stdout: "piped",
      stderr: "inherit",
    }).spawn();
    const lines = process.stdout.pipeThrough(new TextDecoderStream()).getReader();
    const member = { process, lines, rest: "" };
    this.#alive.add(member);
    onStart?.(process);
    return member;
  }

  /**
   * Trains one member for one interval, in a process that is free or a new one.
   *
   * @throws {Error} If the training throws, or processes crashed too often.
   */
  async train(step: Omit<MemberStep<never, unknown>, "signal">): Promise<StepResult> {
    for (;;) {
      if (this.#isClosed) throw new Error("Cannot train population: its processes were closed");
      const member = this.#idle.pop() ?? this.#start();
      const answer = await this.#ask(member, step);
      if (answer !== null) {
        this.#idle.push(member);
        if ("error" in answer) {
          throw new Error(
            `Cannot train population: member ${step.member} failed in interval ${step.interval}: ${answer.error}`,
          );
        }
        return answer;
      }
      this.#alive.delete(member);
      await member.lines.cancel().catch(() => {});
      const { code, signal } = await member.process.status;
      if (this.#restarts-- <= 0) {
        throw new Error(
          `Cannot train population: processes must survive, but one more ended with ${
            signal ?? `exit code ${code}`
          } in interval ${step.interval} of member ${step.member}`,
        );
      }
    }
  }

  /** The process's answer; null when it ended without one. */
  async #ask(member: Member, step: unknown): Promise<StepResult | { error: string } | null> {
    try {
      const writer = member.process.stdin.getWriter();
      await writer.write(new TextEncoder().encode(`${JSON.stringify(step)}\n`));
      writer.releaseLock();
      for (;;) {
        const end = member.rest.indexOf("\n");
        if (end >= 0) {
          const line = member.rest.slice(0, end);
          member.rest = member.rest.slice(end + 1);
          if (line.startsWith(answerMark)) return JSON.parse(line.slice(answerMark.length));
          console.log(line);
          continue;
        }
        const { value, done } = await member.lines.read();
        if (done) return null;
        member.rest += value;
      }
    } catch (error) {
      if (error instanceof SyntaxError) throw error;
      return null; // the pipe broke: the process is gone
    }
  }

  /** Ends the processes. */
  async close(): Promise<void> {
    this.#isClosed = true;
    for (const { process, lines } of this.#alive) {
      try {
        process.kill("SIGKILL");
      } catch { /* it has ended */ }
      await process.stdin.abort().catch(() => {});
      await lines.cancel().catch(() => {});
      await process.status;
    }
    this.#alive.clear();
    this.#idle.length = 0;
  }
}
