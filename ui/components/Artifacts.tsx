/** The files of a run: a tree that loads folder by folder, and a preview that runs no foreign code. @module */
import { useSignal } from "@preact/signals";
import { useEffect, useMemo } from "preact/hooks";
import { type ArtifactEntry, request, tracking } from "../api.ts";
import { formatBytes } from "../models/format.ts";
import { withWholeAddresses } from "../models/markdown_links.ts";
import { createResource } from "../models/resource.ts";
import { Icon } from "./Icon.tsx";
import { Markdown } from "./Markdown.tsx";
import { Empty, Failed, Loaded, Loading } from "./State.tsx";

/** Largest file that is fetched only to be looked at. */
const previewLimit = 4 << 20;

type PreviewKind = "image" | "markdown" | "json" | "html" | "text" | "none";

/** How a file is shown, by its name. SVG counts as an image: as one it cannot run scripts. */
export function previewKind(path: string): PreviewKind {
  const extension = path.slice(path.lastIndexOf(".") + 1).toLowerCase();
  if (["svg", "png", "jpg", "jpeg", "gif", "webp"].includes(extension)) return "image";
  if (["md", "markdown"].includes(extension)) return "markdown";
  if (["json", "ipynb"].includes(extension)) return "json";
  if (["html", "htm"].includes(extension)) return "html";
  const texts = /^(txt|csv|tsv|log|ya?ml|toml|py|tsx?|jsx?|sql|sh|jsonl|lock|cfg|ini|xml)$/;
  if (texts.test(extension) || /(^|\/)(MLmodel|README|LICENSE)$/.test(path)) return "text";
  return "none";
}

const mimes: Record<string, string> = {
  svg: "image/svg+xml",
  png: "image/png",
  jpg: "image/jpeg",
  jpeg: "image/jpeg",
  gif: "image/gif",
  webp: "image/webp",
};

function prettyJson(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}

/** An image from bytes: the address it came from would be downloaded, not shown. */
function BlobImage({ bytes, path }: { bytes: ArrayBuffer; path: string }) {
  const extension = path.slice(path.lastIndexOf(".") + 1).toLowerCase();
  const url = useMemo(() => URL.createObjectURL(new Blob([bytes], { type: mimes[extension] })), [
    bytes,
  ]);
  useEffect(() => () => URL.revokeObjectURL(url), [url]);
  return <img src={url} alt={path} />;
}

function PreviewContent({ runId, path, kind }: { runId: string; path: string; kind: PreviewKind }) {
  const content = useMemo(
    () =>
      createResource(async () => (await request(tracking.artifactUrl(runId, path))).arrayBuffer()),
    [
      runId,
      path,
    ],
  );
  return (
    <Loaded resource={content} lines={6}>
      {(bytes) => {
        if (kind === "image") return <BlobImage bytes={bytes} path={path} />;
        const text = new TextDecoder().decode(bytes);
        if (kind === "markdown") {
          const addressOf = (file: string) => tracking.artifactUrl(runId, file);
          return <Markdown text={withWholeAddresses(text, path, addressOf)} />;
        }
        if (kind === "html") return <iframe sandbox="" srcdoc={text} title={path} />;
        return <pre class="block">{kind === "json" ? prettyJson(text) : text}</pre>;
      }}
    </Loaded>
  );
}

function Preview({ runId, file }: { runId: string; file: ArtifactEntry }) {
  const kind = previewKind(file.path);
  const name = file.path.slice(file.path.lastIndexOf("/") + 1);
  const canShow = kind !== "none" && (file.size ?? 0) <= previewLimit;
  return (
    <div class="preview" data-testid="preview">
      <div class="card-head">
        <h2 class="truncate" title={file.path}>{file.path}</h2>
        <div class="card-tools">
          <span class="faint num">{formatBytes(file.size)}</span>
          <a
            class="button small"
            href={tracking.artifactUrl(runId, file.path)}
            download={name}
            data-testid="download"
          >
            <Icon name="download" size={14} /> Download
          </a>
        </div>
      </div>
      <div class="preview-body">
        {canShow
          ? <PreviewContent key={file.path} runId={runId} path={file.path} kind={kind} />
          : (
            <Empty icon="file" title="No preview">
              {kind === "none"
                ? "This kind of file is not shown here."
                : "The file is too large to show."}
            </Empty>
          )}
      </div>
    </div>
  );
}

function Folder(
  { runId, path, depth, selected, onSelect }: {
    runId: string;
    path: string;
    depth: number;
    selected: string | null;
    onSelect: (file: ArtifactEntry) => void;
  },
) {
  const files = useMemo(() => createResource(() => tracking.artifacts(runId, path)), [runId, path]);
  const open = useSignal<ReadonlySet<string>>(new Set());
  const list = files.data.value;
  useEffect(() => {
    // A run's small folders are opened at once: their files are what people come for.
    const folders = list?.filter((entry) => entry.isDir) ?? [];
    if (depth === 0 && folders.length <= 3) open.value = new Set(folders.map((f) => f.path));
    // Something is shown from the start: a report before anything else.
    const shown = list?.filter((entry) => !entry.isDir && previewKind(entry.path) !== "none") ?? [];
    const report = shown.find((entry) => entry.path.endsWith(".md"));
    const first = report ?? (depth === 0 && folders.length === 0 ? shown[0] : undefined);
    if (selected === null && first) onSelect(first);
  }, [list]);
  if (!list) {
    return files.error.value
      ? <Failed error={files.error.value} retry={() => files.reload()} />
      : <Loading lines={3} />;
  }
  if (list.length === 0 && depth === 0) return <Empty icon="folder" title="No artifacts" compact />;
  const toggle = (id: string) => {
    const next = new Set(open.value);
    if (!next.delete(id)) next.add(id);
    open.value = next;
  };
  return (
    <ul>
      {list.map((entry) => {
        const isOpen = open.value.has(entry.path);
        return (
          <li key={entry.path}>
            <button
              type="button"
              class="file"
              style={{ paddingLeft: `${8 + depth * 16}px` }}
              aria-current={entry.path === selected}
              aria-expanded={entry.isDir ? isOpen : undefined}
              data-testid={`file-${entry.path}`}
              onClick={() => entry.isDir ? toggle(entry.path) : onSelect(entry)}
            >
              <Icon name={entry.isDir ? isOpen ? "down" : "chevron" : "file"} size={14} />
              <span class="truncate">{entry.path.slice(entry.path.lastIndexOf("/") + 1)}</span>
              {!entry.isDir && <span class="size num">{formatBytes(entry.size)}</span>}
            </button>
            {entry.isDir && isOpen && (
              <Folder
                runId={runId}
                path={entry.path}
                depth={depth + 1}
                selected={selected}
                onSelect={onSelect}
              />
            )}
          </li>
        );
      })}
    </ul>
  );
}

export function Artifacts({ runId }: { runId: string }) {
  const selected = useSignal<ArtifactEntry | null>(null);
  return (
    <section class="card files" data-testid="artifacts">
      <div class="file-list">
        <Folder
          runId={runId}
          path=""
          depth={0}
          selected={selected.value?.path ?? null}
          onSelect={(file) => selected.value = file}
        />
      </div>
      {selected.value
        ? <Preview runId={runId} file={selected.value} />
        : <Empty icon="file" title="Choose a file to look at it" />}
    </section>
  );
}
