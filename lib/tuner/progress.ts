/**
 * A progress bar for long work: redrawn in place on a terminal, plain lines elsewhere.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { createProgress } from "./progress.ts";
 * const lines: string[] = [];
 * const progress = createProgress({
 *   total: 2, title: "fit", isTerminal: false, everyMs: 0, write: (text) => lines.push(text),
 * });
 * progress.update(1, { epoch: 1, loss: 0.25 });
 * progress.finish();
 * assert.match(lines[0], /^fit 1\/2 50% epoch 1 loss 0.25/);
 * ```
 * @module
 */

/** Facts beside the bar, in the order given. Numbers are shown with 5 significant digits. */
export type ProgressFacts = Record<string, string | number>;

export interface Progress {
  /** Says that `done` units of work are over; facts stay until replaced. */
  update(done: number, facts?: ProgressFacts): void;
  /** Writes a line that stays, above the bar. */
  note(line: string): void;
  /** Draws the last state and goes to a new line. Further updates are ignored. */
  finish(closing?: string): void;
}

export interface ProgressOptions {
  /** Units of work; unknown when absent, then there is no bar and no time left. */
  total?: number;
  title?: string;
  /** Default: whether standard output is a terminal. */
  isTerminal?: boolean;
  /** Default: standard output. */
  write?: (text: string) => void;
  /** Least time between two drawings. Default 100 ms on a terminal, 5,000 ms elsewhere. */
  everyMs?: number;
  /** Columns of the terminal. */
  width?: number;
  /** Milliseconds; injected by tests. */
  clock?: () => number;
}

/** `1h 02m`, `3m 05s`, `12s`. */
export function formatDuration(ms: number): string {
  const s = Math.max(0, Math.round(ms / 1000));
  const two = (n: number) => String(n).padStart(2, "0");
  if (s >= 3600) return `${Math.floor(s / 3600)}h ${two(Math.floor(s / 60) % 60)}m`;
  if (s >= 60) return `${Math.floor(s / 60)}m ${two(s % 60)}s`;
  return `${s}s`;
}

function formatFact(value: string | number): string {
  if (typeof value === "string" || Number.isInteger(value)) return String(value);
  return String(Number(value.toPrecision(5)));
}

function terminalWidth(): number {
  try {
    return Deno.consoleSize().columns;
  } catch {
    return 100;
  }
}

/** A progress bar. Nothing is drawn before the first update. */
export function createProgress(options: ProgressOptions = {}): Progress {
  const { total, title = "" } = options;
  const isTerminal = options.isTerminal ?? Deno.stdout.isTerminal();
  const encoder = new TextEncoder();
  const write = options.write ?? ((text: string) => {
    Deno.stdout.writeSync(encoder.encode(text));
  });
  const everyMs = options.everyMs ?? (isTerminal ? 100 : 5000);
  const clock = options.clock ?? (() => performance.now());
  const started = clock();
  let drawnAt = -Infinity;
  let done = 0;
  let drawnDone = -1;
  let facts: ProgressFacts = {};
  let isOver = false;

  function text(): string {
    const elapsed = clock() - started;
    const parts = [title];
    if (total !== undefined) {
      const share = total === 0 ? 1 : Math.min(1, done / total);
      if (isTerminal) {
        const cells = 20;
        const full = Math.round(share * cells);
        parts.push(`[${"#".repeat(full)}${"-".repeat(cells - full)}]`);
      }
      parts.push(`${done}/${total}`, `${Math.floor(100 * share)}%`);
    } else parts.push(String(done));
    for (const [key, value] of Object.entries(facts)) parts.push(`${key} ${formatFact(value)}`);
    parts.push(`elapsed ${formatDuration(elapsed)}`);
    if (total !== undefined && done > 0 && done < total) {
      parts.push(`ETA ${formatDuration(elapsed / done * (total - done))}`);
    }
    return parts.filter((p) => p !== "").join(" ");
  }

  function draw(force: boolean): void {
    const now = clock();
    if (!force && now - drawnAt < everyMs) return;
    drawnAt = now;
    drawnDone = done;
    if (!isTerminal) return write(`${text()}\n`);
    const width = options.width ?? terminalWidth();
    write(`\r\x1b[2K${text().slice(0, Math.max(20, width - 1))}`);
  }

  return {
    update(nextDone, nextFacts) {
      if (isOver) return;
      done = nextDone;
      if (nextFacts) facts = nextFacts;
      draw(total !== undefined && done >= total && drawnDone !== done);
    },
    note(line) {
      write(isTerminal ? `\r\x1b[2K${line}\n` : `${line}\n`);
      if (isTerminal && !isOver && drawnAt > -Infinity) draw(true);
    },
    finish(closing) {
      if (isOver) return;
      if (isTerminal || drawnDone !== done) draw(true);
      isOver = true;
      if (isTerminal) write("\n");
      if (closing) write(`${closing}\n`);
    },
  };
}
