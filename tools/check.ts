/**
 * `deno task check`: import direction, format, lint, types and the examples in docstrings. Exits non-zero at the first kind of
 * fault, after printing all faults of that kind.
 * @module
 */
import { importFaults } from "./import_rules.ts";

const root = new URL("..", import.meta.url).pathname;

/** Every TypeScript file of the repository, as paths relative to its root. */
export function* sourceFiles(dir = ""): Generator<string> {
  for (const entry of Deno.readDirSync(root + dir)) {
    if (entry.name.startsWith(".") || ["node_modules", "dist", "reports"].includes(entry.name)) {
      continue;
    }
    const path = dir + entry.name;
    if (entry.isDirectory) yield* sourceFiles(path + "/");
    else if (/\.tsx?$/.test(entry.name)) yield path;
  }
}

async function step(name: string, args: string[]): Promise<void> {
  const started = performance.now();
  const { code } = await new Deno.Command(Deno.execPath(), { args, cwd: root }).spawn().status;
  if (code !== 0) {
    console.error(`check: ${name} failed`);
    Deno.exit(1);
  }
  console.log(`check: ${name} ok (${((performance.now() - started) / 1000).toFixed(1)} s)`);
}

if (import.meta.main) {
  const faults = [...sourceFiles()].flatMap((file) =>
    importFaults(file, Deno.readTextFileSync(root + file))
  );
  for (const f of faults) console.error(`${f.file}:${f.line}: "${f.specifier}": ${f.reason}`);
  if (faults.length > 0) {
    console.error("check: import direction failed");
    Deno.exit(1);
  }
  console.log("check: import direction ok");
  await step("format", ["fmt", "--check", "--quiet"]);
  await step("lint", ["lint", "--quiet"]);
  await step("types", ["check", "--quiet", "."]);
  const documented = [...sourceFiles("lib/")].filter((file) =>
    !file.endsWith("_test.ts") && /^ \* ```ts$/m.test(Deno.readTextFileSync(root + file))
  );
  await step("examples", ["test", "--quiet", "--no-check", "--allow-all", "--doc", ...documented]);
}
