/**
 * `deno task test [path…] [--filter …]`: runs the tests and ends with one plain line
 * `N passed, N failed, N skipped`. Other arguments go to `deno test` as they are.
 * @module
 */
// Everything: the browser driver asks for files below /proc, which no narrower grant covers.
const permissions = ["--allow-all"];
const root = new URL("..", import.meta.url).pathname;

const child = new Deno.Command(Deno.execPath(), {
  args: ["test", "--quiet", ...permissions, ...Deno.args],
  cwd: root,
  stdout: "piped",
  stderr: "inherit",
  env: { TAPEBOOK_TEST: "1" },
}).spawn();

let tail = "";
const decoder = new TextDecoder();
for await (const chunk of child.stdout) {
  await Deno.stdout.write(chunk);
  tail = (tail + decoder.decode(chunk, { stream: true })).slice(-4000);
}
const { code } = await child.status;
// deno-lint-ignore no-control-regex
const plain = tail.replace(/\x1b\[[0-9;]*m/g, "");
const count = (word: string) =>
  Number(plain.match(new RegExp(`\\| (?:.*\\| )?(\\d+) ${word}`))?.[1] ?? 0);
const closing = plain.match(/(ok|FAILED) \| \d+ passed.*/)?.[0];
if (closing) {
  console.log(`${count("passed")} passed, ${count("failed")} failed, ${count("ignored")} skipped`);
}
Deno.exit(code);
