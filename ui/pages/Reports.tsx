/** `/reports`: what runs left for people to read. @module */
import { TableScroll } from "../components/TableScroll.tsx";
import { useLocation } from "preact-iso";
import { useMemo } from "preact/hooks";
import { body, request, v1 } from "../api.ts";
import { Icon } from "../components/Icon.tsx";
import { Markdown } from "../components/Markdown.tsx";
import { Card, PageHead } from "../components/parts.tsx";
import { Empty, Loaded } from "../components/State.tsx";
import { useTitle } from "../components/title.ts";
import { formatAgo, formatBytes, formatTime } from "../models/format.ts";
import { withWholeAddresses } from "../models/markdown_links.ts";
import { createResource } from "../models/resource.ts";

const fileUrl = (path: string) =>
  `/api/tapebook/v1/reports/file/${path.split("/").map(encodeURIComponent).join("/")}`;

function Report({ path }: { path: string }) {
  const content = useMemo(() => createResource(async () => (await request(fileUrl(path))).text()), [
    path,
  ]);
  return (
    <Card
      title={path}
      id="report"
      tools={
        <a class="button small" href={fileUrl(path)} target="_blank" rel="noopener">
          <Icon name="file" size={14} /> Open by itself
        </a>
      }
    >
      <Loaded resource={content} lines={10}>
        {(text) =>
          path.endsWith(".md")
            ? <Markdown text={withWholeAddresses(text, path, fileUrl)} />
            : <iframe class="report-frame" sandbox="" srcdoc={text} title={path} />}
      </Loaded>
    </Card>
  );
}

export default function Reports() {
  const { query } = useLocation();
  useTitle("Reports");
  const list = useMemo(
    () => createResource(async () => (await body(v1.reports.$get())).reports),
    [],
  );
  const now = Date.now();
  return (
    <div class="page">
      <PageHead title="Reports" />
      <Loaded resource={list}>
        {(reports) =>
          reports.length === 0
            ? (
              <Empty icon="reports" title="No reports yet">
                The demo and experiments write them under reports/.
              </Empty>
            )
            : (
              <>
                <Card padded={false}>
                  <TableScroll>
                    <table class="table" data-testid="reports">
                      <thead>
                        <tr>
                          <th>Report</th>
                          <th>File</th>
                          <th class="num">Size</th>
                          <th>Written</th>
                        </tr>
                      </thead>
                      <tbody>
                        {reports.map((report) => (
                          <tr key={report.path}>
                            <td>
                              <a
                                href={`/reports?path=${encodeURIComponent(report.path)}`}
                                data-testid={`report-${report.path}`}
                              >
                                {report.title}
                              </a>
                            </td>
                            <td class="muted">{report.path}</td>
                            <td class="num">{formatBytes(report.bytes)}</td>
                            <td class="nowrap" title={formatTime(report.modifiedAt)}>
                              {formatAgo(report.modifiedAt, now)}
                            </td>
                          </tr>
                        ))}
                      </tbody>
                    </table>
                  </TableScroll>
                </Card>
                {query.path && <Report key={query.path} path={query.path} />}
              </>
            )}
      </Loaded>
    </div>
  );
}
