/**
 * Builds the browser's pages with esbuild: one folder of static files with hashed names. The build
 * is cached by the hash of everything that goes into it, so that a second start costs milliseconds.
 *
 * ```ts
 * const { dir } = await buildUi({ outDir: ".tapebook/ui" });
 * ```
 * @module
 */
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";

const uiDir = fileURLToPath(new URL(".", import.meta.url));
const rootDir = join(uiDir, "..");

export interface UiBuild {
  /** Folder of the built pages; `index.html` in it answers every address of the UI. */
  dir: string;
  /** Hash of the sources and packages the build was made from. */
  hash: string;
  /** True when an earlier build was used again. */
  cached: boolean;
}

/** Sources of the pages, tests left out, in a fixed order. */
async function uiSources(dir = uiDir): Promise<string[]> {
  const found: string[] = [];
  for await (const entry of Deno.readDir(dir)) {
    const path = join(dir, entry.name);
    if (entry.isDirectory) {
      if (entry.name !== "dist" && entry.name !== "testdata") found.push(...await uiSources(path));
    } else if (/\.(tsx?|css|html|svg)$/.test(entry.name) && !/_test\.tsx?$/.test(entry.name)) {
      found.push(path);
    }
  }
  return found.sort();
}

/** Hex hash over the sources' names and bytes and the versions of the packages they use. */
async function sourceHash(sources: string[]): Promise<string> {
  const parts: Uint8Array[] = [];
  const encoder = new TextEncoder();
  for (const path of sources) {
    parts.push(encoder.encode(`${relative(uiDir, path)}\n`), await Deno.readFile(path));
  }
  const { imports } = JSON.parse(await Deno.readTextFile(join(rootDir, "deno.json"))) as {
    imports: Record<string, string>;
  };
  parts.push(encoder.encode(JSON.stringify(imports)));
  const total = parts.reduce((sum, part) => sum + part.length, 0);
  const bytes = new Uint8Array(total);
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return Array.from(digest.subarray(0, 8), (b) => b.toString(16).padStart(2, "0")).join("");
}

async function exists(path: string): Promise<boolean> {
  try {
    await Deno.stat(path);
    return true;
  } catch {
    return false;
  }
}

/** `index.html` with the built script and style in place of its marks. */
async function indexHtml(script: string, style: string): Promise<string> {
  const template = await Deno.readTextFile(join(uiDir, "index.html"));
  return template
    .replace("<!-- style -->", `<link rel="stylesheet" href="/assets/${style}">`)
    .replace("<!-- script -->", `<script type="module" src="/assets/${script}"></script>`);
}

/** Writes the build into `dir`. */
async function bundle(dir: string): Promise<void> {
  const esbuild = await import("esbuild");
  try {
    const result = await esbuild.build({
      absWorkingDir: rootDir,
      entryPoints: { app: join(uiDir, "main.tsx") },
      outdir: join(dir, "assets"),
      entryNames: "[name]-[hash]",
      chunkNames: "[name]-[hash]",
      assetNames: "[name]-[hash]",
      bundle: true,
      splitting: true,
      format: "esm",
      target: "es2022",
      minify: true,
      sourcemap: true,
      metafile: true,
      jsx: "automatic",
      jsxImportSource: "preact",
      // The types of the server are erased; no compiler options of the server concern the pages.
      tsconfigRaw: "{}",
      loader: { ".woff2": "file", ".svg": "text" },
      logLevel: "silent",
    });
    const built = Object.keys(result.metafile.outputs).map((path) => path.split("/").at(-1)!);
    const script = built.find((name) => /^app-.*\.js$/.test(name));
    const style = built.find((name) => /^app-.*\.css$/.test(name));
    if (!script || !style) throw new Error("Cannot build the UI: esbuild wrote no script or style");
    await Deno.writeTextFile(join(dir, "index.html"), await indexHtml(script, style));
    await Deno.copyFile(join(uiDir, "favicon.svg"), join(dir, "favicon.svg"));
  } finally {
    await esbuild.stop();
  }
}

/**
 * The built pages under `outDir`, built now unless a build of the same sources is there already.
 * A build appears whole or not at all: it is made aside and renamed into its place.
 *
 * @throws {Error} With esbuild's messages when a source does not compile.
 */
export function buildUi(options: { outDir: string }): Promise<UiBuild> {
  const { outDir } = options;
  let build = underWay.get(outDir);
  if (!build) {
    build = makeBuild(outDir).finally(() => underWay.delete(outDir));
    underWay.set(outDir, build);
  }
  return build;
}

/** Builds of this process by folder: esbuild has one service, which the first to end would stop. */
const underWay = new Map<string, Promise<UiBuild>>();

async function makeBuild(outDir: string): Promise<UiBuild> {
  const hash = await sourceHash(await uiSources());
  const dir = join(outDir, hash);
  if (await exists(join(dir, "index.html"))) return { dir, hash, cached: true };
  await Deno.mkdir(outDir, { recursive: true });
  const aside = await Deno.makeTempDir({ dir: outDir, prefix: ".building-" });
  try {
    await bundle(aside);
    await Deno.rename(aside, dir);
  } catch (error) {
    await Deno.remove(aside, { recursive: true });
    // Another process may have finished the same build meanwhile.
    if (!(await exists(join(dir, "index.html")))) throw error;
  }
  await removeOldBuilds(outDir, hash);
  return { dir, hash, cached: false };
}

/** Keeps this build and the two newest others: pages that are open still ask for their files. */
async function removeOldBuilds(outDir: string, keep: string): Promise<void> {
  const others: { path: string; at: number }[] = [];
  for await (const entry of Deno.readDir(outDir)) {
    if (!entry.isDirectory || entry.name === keep || !/^[0-9a-f]{16}$/.test(entry.name)) continue;
    const path = join(outDir, entry.name);
    others.push({ path, at: (await Deno.stat(path)).mtime?.getTime() ?? 0 });
  }
  others.sort((a, b) => b.at - a.at);
  for (const { path } of others.slice(2)) await Deno.remove(path, { recursive: true });
}

if (import.meta.main) {
  const { dir, cached } = await buildUi({ outDir: Deno.args[0] ?? join(rootDir, ".tapebook/ui") });
  console.log(`${cached ? "found" : "built"} ${dir}`);
}
