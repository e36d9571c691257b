/** The reports that runs left in a folder: Markdown and HTML, with their pictures beside them. @module */
import { resolve, sep } from "node:path";
import { notFound } from "../errors.ts";

export interface ReportInfo {
  /** Path from the reports folder. */
  path: string;
  title: string;
  bytes: number;
  /** Milliseconds since 1970. */
  modifiedAt: number;
}

const mostDepth = 3;

async function titleOf(path: string, fallback: string): Promise<string> {
  const head = (await Deno.readTextFile(path)).slice(0, 4000);
  const match = path.endsWith(".md") ? head.match(/^#\s+(.+)$/m) : head.match(/<title>([^<]+)/i);
  return match ? match[1].trim() : fallback;
}

/** Markdown and HTML reports, newest first. The folder's own README is no report. */
export async function listReports(dir: string, under = "", depth = 0): Promise<ReportInfo[]> {
  const found: ReportInfo[] = [];
  try {
    for await (const entry of Deno.readDir(`${dir}/${under}`)) {
      if (entry.name.startsWith(".")) continue;
      const path = under + entry.name;
      if (entry.isDirectory && depth < mostDepth) {
        found.push(...await listReports(dir, `${path}/`, depth + 1));
      } else if (entry.isFile && /\.(md|html)$/.test(entry.name) && path !== "README.md") {
        const { size, mtime } = await Deno.stat(`${dir}/${path}`);
        const title = await titleOf(`${dir}/${path}`, path);
        found.push({ path, title, bytes: size, modifiedAt: mtime?.getTime() ?? 0 });
      }
    }
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  return found.sort((a, b) => b.modifiedAt - a.modifiedAt);
}

const types: Record<string, string> = {
  md: "text/markdown; charset=utf-8",
  html: "text/html; charset=utf-8",
  svg: "image/svg+xml",
  png: "image/png",
  json: "application/json",
  csv: "text/csv; charset=utf-8",
};

/**
 * A file of the reports folder with its content type.
 *
 * @throws {ApiError} RESOURCE_DOES_NOT_EXIST if it is not there, or outside, or of another kind.
 */
export async function readReportFile(
  dir: string,
  path: string,
): Promise<{ bytes: Uint8Array<ArrayBuffer>; type: string }> {
  const missing = () => notFound(`Report ${JSON.stringify(path)} does not exist`);
  const type = types[path.slice(path.lastIndexOf(".") + 1).toLowerCase()];
  const root = resolve(dir);
  const file = resolve(root, path);
  if (!type || !file.startsWith(root + sep)) throw missing();
  try {
    // A link inside the folder must not lead out of it.
    const real = await Deno.realPath(file);
    if (!real.startsWith(await Deno.realPath(root) + sep)) throw missing();
    return { bytes: await Deno.readFile(real), type };
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.IsADirectory) {
      throw missing();
    }
    throw error;
  }
}
