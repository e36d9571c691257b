/**
 * The command line as its users call it: a process of its own.
 * @module
 */

const root = new URL("../../", import.meta.url).pathname;

/** Runs `tapebook` with these arguments, without a database of the caller's environment. */
export async function tapebook(
  args: string[],
  env: Record<string, string> = {},
): Promise<{ code: number; out: string; err: string }> {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "cli.ts", ...args],
    cwd: root,
    env: { TAPEBOOK_PORT: "0", DATABASE_URL: "", ...env },
  }).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, out: text(stdout), err: text(stderr) };
}
