/** `/notebooks`: the stories of this checkout, with their outputs. @module */
import { useLocation } from "preact-iso";
import { useMemo } from "preact/hooks";
import { body, v1 } from "../api.ts";
import { Icon } from "../components/Icon.tsx";
import { Markdown } from "../components/Markdown.tsx";
import { Badge, Card, Note, PageHead } from "../components/parts.tsx";
import { Empty, Loaded } from "../components/State.tsx";
import { useTitle } from "../components/title.ts";
import { formatAgo, formatTime } from "../models/format.ts";
import { createResource } from "../models/resource.ts";

async function loadCells(name: string) {
  return (await body(v1.notebooks[":name"].$get({ param: { name } }))).cells;
}

type Cell = Awaited<ReturnType<typeof loadCells>>[number];

function Output({ output }: { output: Cell["outputs"][number] }) {
  switch (output.kind) {
    case "svg":
      // As an image an SVG cannot run scripts.
      return (
        <img
          alt=""
          src={`data:image/svg+xml;charset=utf-8,${encodeURIComponent(output.content)}`}
        />
      );
    case "png":
      return <img alt="" src={`data:image/png;base64,${output.content}`} />;
    case "markdown":
      return <Markdown text={output.content} />;
    case "error":
      return <Note tone="bad">{output.content}</Note>;
    case "text":
      return <pre class="output">{output.content}</pre>;
  }
}

function Notebook({ name }: { name: string }) {
  const cells = useMemo(() => createResource(() => loadCells(name)), [name]);
  return (
    <Card title={name} id="notebook">
      <Loaded resource={cells} lines={10}>
        {(list) => (
          <div class="notebook">
            {list.map((cell, i) => (
              <div key={i} class="notebook-cell">
                {cell.kind === "markdown"
                  ? <Markdown text={cell.source} />
                  : <pre class="block">{cell.source}</pre>}
                {cell.outputs.map((output, at) => <Output key={at} output={output} />)}
              </div>
            ))}
          </div>
        )}
      </Loaded>
    </Card>
  );
}

export default function Notebooks() {
  const { query } = useLocation();
  useTitle("Notebooks");
  const list = useMemo(
    () => createResource(async () => (await body(v1.notebooks.$get())).notebooks),
    [],
  );
  const now = Date.now();
  return (
    <div class="page">
      <PageHead title="Notebooks" />
      <Loaded resource={list}>
        {(notebooks) =>
          notebooks.length === 0
            ? (
              <Empty icon="notebooks" title="No notebooks here">
                Files that end in .ipynb under notebooks/ appear on this page.
              </Empty>
            )
            : (
              <>
                <div class="cards" data-testid="notebooks">
                  {notebooks.map((notebook) => (
                    <a
                      key={notebook.name}
                      class="card pick"
                      href={`/notebooks?name=${encodeURIComponent(notebook.name)}`}
                      aria-current={notebook.name === query.name}
                      data-testid={`notebook-${notebook.name}`}
                    >
                      <span class="pick-head">
                        <span>{notebook.title}</span>
                        <Icon name="notebooks" />
                      </span>
                      <span class="pick-facts">
                        <span>{notebook.name}</span>
                        <span>{notebook.cells} cells</span>
                        <span title={formatTime(notebook.modifiedAt)}>
                          {formatAgo(notebook.modifiedAt, now)}
                        </span>
                        {notebook.executed > 0 && <Badge tone="good">with outputs</Badge>}
                      </span>
                    </a>
                  ))}
                </div>
                {query.name && <Notebook key={query.name} name={query.name} />}
              </>
            )}
      </Loaded>
    </div>
  );
}
