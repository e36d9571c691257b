/**
 * `deno task test [path…] [--filter …]`: runs the tests and ends with one plain line
 * `N passed, N failed, N skipped`. Arguments go to `deno test` as they are. Without any the whole suite
 * runs, in two processes side by side where there are two cores, and without a look at its types,
 * which is `deno task check`'s.
 * @module
 */
import { sourceFiles } from "./check.ts";

// Everything: the browser driver asks for files below /proc, which no narrower grant covers.
const permissions = ["--allow-all"];
const root = new URL("..", import.meta.url).pathname;

/** What a call of `deno test` counted, and its exit code. */
interface Outcome {
  /** Whether it came to its closing line, and has counted. */
  isWhole: boolean;
  passed: number;
  failed: number;
  ignored: number;
  code: number;
}

/** Writes all of it: a pipe may take less at a time. */
function print(text: string): void {
  let rest = new TextEncoder().encode(text);
  while (rest.length > 0) rest = rest.subarray(Deno.stdout.writeSync(rest));
}

// deno-lint-ignore no-control-regex
const plain = (text: string) => text.replace(/\x1b\[[0-9;]*m/g, "");

/** Calls `deno test`; `show` takes what it prints, piece by piece. */
async function test(args: string[], show: (text: string) => void): Promise<Outcome> {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["test", "--quiet", ...permissions, ...args],
    cwd: root,
    stdout: "piped",
    stderr: "inherit",
    env: { TAPEBOOK_TEST: "1" },
  }).spawn();
  let tail = "";
  for await (const text of child.stdout.pipeThrough(new TextDecoderStream())) {
    show(text);
    tail = (tail + text).slice(-4000);
  }
  const { code } = await child.status;
  const closing = plain(tail).match(/(?:ok|FAILED) \| \d+ passed.*/)?.[0];
  const count = (word: string) => Number(closing?.match(new RegExp(`(\\d+) ${word}`))?.[1] ?? 0);
  return {
    isWhole: closing !== undefined,
    passed: count("passed"),
    failed: count("failed"),
    ignored: count("ignored"),
    code,
  };
}

/** Prints what comes, a test file at a time: another process prints between them. */
class FileByFile {
  #held = "";

  show(text: string): void {
    this.#held += text;
    const next = this.#held.lastIndexOf("running ");
    const isHeader = /^running \d+ tests? from /.test(this.#held.slice(next));
    if (next > 0 && isHeader) this.#release(this.#held.lastIndexOf("\n", next) + 1);
  }

  end(): void {
    this.#release(this.#held.length);
  }

  #release(length: number): void {
    print(this.#held.slice(0, length));
    this.#held = this.#held.slice(length);
  }
}

/** The whole suite. Each process takes the next files when it is done with its last. */
async function testAll(processes: number): Promise<Outcome[]> {
  // From the end of the alphabet: the longest tests (of the whole program, in `tests`) come first.
  const files = [...sourceFiles()].filter((file) => /_test\.tsx?$/.test(file)).sort().reverse();
  const outcomes: Outcome[] = [];
  const work = async () => {
    while (files.length > 0) {
      // Ever fewer, so that all processes end at about the same time.
      const taken = files.splice(0, Math.ceil(files.length / (3 * processes)));
      const output = new FileByFile();
      outcomes.push(await test(["--no-check", ...taken], (text) => output.show(text)));
      output.end();
    }
  };
  await Promise.all(Array.from({ length: processes }, work));
  return outcomes;
}

const outcomes = Deno.args.length > 0
  ? [await test(Deno.args, print)]
  : await testAll(Math.min(2, navigator.hardwareConcurrency));
const sum = (of: (outcome: Outcome) => number) => outcomes.reduce((n, o) => n + of(o), 0);
if (outcomes.every((o) => o.isWhole)) {
  const failed = sum((o) => o.failed);
  console.log(`${sum((o) => o.passed)} passed, ${failed} failed, ${sum((o) => o.ignored)} skipped`);
}
Deno.exit(outcomes.find((o) => o.code !== 0)?.code ?? 0);
