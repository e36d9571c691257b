/** The notebooks of a folder, as files: their titles, cells and outputs. @module */
import { z } from "zod";
import { notFound } from "../errors.ts";

const text = z.union([z.string(), z.array(z.string())])
  .transform((value) => typeof value === "string" ? value : value.join(""));

const output = z.looseObject({
  output_type: z.string(),
  text: text.optional(),
  data: z.record(z.string(), z.unknown()).optional(),
  ename: z.string().optional(),
  evalue: z.string().optional(),
});

const notebookFile = z.looseObject({
  cells: z.array(z.looseObject({
    cell_type: z.string(),
    source: text,
    outputs: z.array(output).optional(),
    execution_count: z.number().nullish(),
  })),
});

export interface NotebookInfo {
  name: string;
  title: string;
  cells: number;
  /** Cells that have an output. */
  executed: number;
  /** Milliseconds since 1970. */
  modifiedAt: number;
}

export interface NotebookOutput {
  /** `text`, `markdown`, `svg`, `png` (base64) or `error`. */
  kind: "text" | "markdown" | "svg" | "png" | "error";
  content: string;
}

export interface NotebookCell {
  kind: "markdown" | "code";
  source: string;
  outputs: NotebookOutput[];
}

const namePattern = /^[\w-][\w .-]*\.ipynb$/;

const joined = (value: unknown) => Array.isArray(value) ? value.join("") : String(value ?? "");

/** What a page can show of an output, the richest form that runs no scripts. */
function toOutput(raw: z.infer<typeof output>): NotebookOutput | null {
  if (raw.output_type === "error") {
    return { kind: "error", content: `${raw.ename ?? "Error"}: ${raw.evalue ?? ""}` };
  }
  if (raw.text !== undefined) return { kind: "text", content: raw.text };
  const data = raw.data ?? {};
  if (data["image/svg+xml"]) return { kind: "svg", content: joined(data["image/svg+xml"]) };
  if (data["image/png"]) return { kind: "png", content: joined(data["image/png"]).trim() };
  if (data["text/markdown"]) return { kind: "markdown", content: joined(data["text/markdown"]) };
  if (data["text/plain"]) return { kind: "text", content: joined(data["text/plain"]) };
  return null;
}

function titleOf(cells: readonly NotebookCell[], name: string): string {
  for (const cell of cells) {
    const heading = cell.kind === "markdown" && cell.source.match(/^#\s+(.+)$/m);
    if (heading) return heading[1].trim();
  }
  return name.replace(/\.ipynb$/, "");
}

/**
 * The cells of a notebook.
 *
 * @throws {ApiError} RESOURCE_DOES_NOT_EXIST if there is no such notebook.
 */
export async function readNotebook(dir: string, name: string): Promise<NotebookCell[]> {
  const missing = () => notFound(`Notebook ${JSON.stringify(name)} does not exist`);
  if (!namePattern.test(name)) throw missing();
  let file: string;
  try {
    file = await Deno.readTextFile(`${dir}/${name}`);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) throw missing();
    throw error;
  }
  return notebookFile.parse(JSON.parse(file)).cells
    .filter((cell) => cell.cell_type === "markdown" || cell.cell_type === "code")
    .map((cell) => ({
      kind: cell.cell_type as NotebookCell["kind"],
      source: cell.source,
      outputs: (cell.outputs ?? []).map(toOutput).filter((o) => o !== null),
    }));
}

/** The notebooks of `dir` by name; a file that is no notebook is left out. */
export async function listNotebooks(dir: string): Promise<NotebookInfo[]> {
  const found: NotebookInfo[] = [];
  try {
    for await (const entry of Deno.readDir(dir)) {
      if (!entry.isFile || !namePattern.test(entry.name)) continue;
      try {
        const cells = await readNotebook(dir, entry.name);
        const { mtime } = await Deno.stat(`${dir}/${entry.name}`);
        found.push({
          name: entry.name,
          title: titleOf(cells, entry.name),
          cells: cells.length,
          executed: cells.filter((cell) => cell.outputs.length > 0).length,
          modifiedAt: mtime?.getTime() ?? 0,
        });
      } catch (error) {
        if (error instanceof SyntaxError || error instanceof z.ZodError) continue;
        throw error;
      }
    }
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  return found.sort((a, b) => a.name < b.name ? -1 : 1);
}
