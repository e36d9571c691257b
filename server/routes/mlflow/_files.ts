/** Files of artifacts as MLflow lists and sends them. @module */
import type { Context } from "hono";
import type { AppEnv } from "../../env.ts";
import type { ArtifactService } from "../../services/artifacts.ts";

/** Extensions (and names without one) of what MLflow sends as plain text, to be read in its pages. */
const textNames = new Set(
  ("txt log err cfg conf cnf cf ini properties prop hocon toml yaml yml xml json js ts py py3 csv " +
    "tsv md rst ipynb MLmodel mlproject MLproject").split(" "),
);

const types: Record<string, string> = {
  html: "text/html",
  svg: "image/svg+xml",
  png: "image/png",
  jpg: "image/jpeg",
  jpeg: "image/jpeg",
  gif: "image/gif",
  webp: "image/webp",
  pdf: "application/pdf",
  zip: "application/zip",
  tar: "application/x-tar",
  gz: "application/gzip",
  mp4: "video/mp4",
  webm: "video/webm",
  mp3: "audio/mpeg",
  wav: "audio/x-wav",
};

export function contentType(path: string): string {
  const name = path.slice(path.lastIndexOf("/") + 1);
  if (/\.tar\.[a-z0-9]+$/i.test(name)) return types.tar;
  const extension = name.slice(name.lastIndexOf(".") + 1);
  if (textNames.has(extension) || textNames.has(extension.toLowerCase())) return "text/plain";
  return types[extension.toLowerCase()] ?? "application/octet-stream";
}

/** A Content-Disposition that keeps any name whole (RFC 6266), quoted only where it must be. */
export function attachment(path: string): string {
  const name = path.slice(path.lastIndexOf("/") + 1);
  if (/^[\w!#$%&'*+\-.^`|~]+$/.test(name)) return `attachment; filename=${name}`;
  if (/^[\x20-\x7e]*$/.test(name) && !/["\\]/.test(name)) return `attachment; filename="${name}"`;
  return `attachment; filename*=UTF-8''${encodeURIComponent(name)}`;
}

/** What lies directly in `folder` below the root, with paths from that root. */
export async function listUnder(
  artifacts: ArtifactService,
  rootUri: string,
  folder: string,
): Promise<{ path: string; is_dir: boolean; file_size?: number }[]> {
  const root = await artifacts.resolve(rootUri);
  const files = await artifacts.list(folder ? `${root}/${folder}` : root);
  return files.map(({ path, isDir, size }) => ({
    path: path.slice(root.length + 1),
    is_dir: isDir,
    file_size: size,
  }));
}

const rangePattern = /^bytes=(\d*)-(\d*)$/;

/** Streams the artifact, whole or the range asked for, as a file to save and never to run. */
export async function sendArtifact(c: Context<AppEnv>, path: string): Promise<Response> {
  const { artifacts } = c.get("services");
  const { size, sha256, path: name } = await artifacts.stat(path) as {
    size: number;
    sha256: string;
    path: string;
  };
  const headers: Record<string, string> = {
    "Content-Type": contentType(name),
    "Content-Disposition": attachment(name),
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "sandbox; default-src 'none'",
    "Accept-Ranges": "bytes",
    "ETag": `"${sha256}"`,
  };
  if (c.req.header("if-none-match") === headers.ETag) return c.body(null, 304, headers);
  const range = rangePattern.exec(c.req.header("range") ?? "");
  if (range && (range[1] || range[2])) {
    const start = range[1] ? Number(range[1]) : Math.max(0, size - Number(range[2]));
    const end = range[1] && range[2] ? Math.min(Number(range[2]) + 1, size) : size;
    if (start >= end) {
      return c.body(null, 416, { ...headers, "Content-Range": `bytes */${size}` });
    }
    const { body } = await artifacts.open(name, { start, end });
    return c.body(body, 206, {
      ...headers,
      "Content-Range": `bytes ${start}-${end - 1}/${size}`,
      "Content-Length": String(end - start),
    });
  }
  const { body } = await artifacts.open(name);
  return c.body(body, 200, { ...headers, "Content-Length": String(size) });
}
