/** `/audit`: who did what, and whether the record was changed. @module */
import { TableScroll } from "../components/TableScroll.tsx";
import { useSignal } from "@preact/signals";
import { useMemo } from "preact/hooks";
import type { AuditVerification } from "../../lib/contracts/governance/mod.ts";
import { body, v1 } from "../api.ts";
import { Icon } from "../components/Icon.tsx";
import { Card, Note, PageHead } from "../components/parts.tsx";
import { Empty, Loaded } from "../components/State.tsx";
import { useTitle } from "../components/title.ts";
import { toast } from "../components/Toasts.tsx";
import { formatAgo, formatTime, shorten } from "../models/format.ts";
import { createResource } from "../models/resource.ts";

const pageSize = "200";

/** Where the target of an entry has a page of its own. */
function targetLink(target: string): string | null {
  const [kind, ...rest] = target.split(":");
  const id = rest.join(":");
  if (kind === "run") return `/runs/${id}`;
  if (kind === "model") return `/models/${encodeURIComponent(id.split("/")[0])}`;
  if (kind === "experiment") return `/experiments/${id}`;
  return null;
}

function Target({ target }: { target: string }) {
  const link = targetLink(target);
  return link ? <a href={link}>{target}</a> : <>{target}</>;
}

export default function Audit() {
  useTitle("Audit");
  const wanted = useSignal("");
  const proof = useSignal<AuditVerification | null>(null);
  const entries = useMemo(() =>
    createResource(async () => {
      const answer = await body(v1.audit.$get({ query: { limit: pageSize } }));
      return answer.entries;
    }), []);
  const verify = async () => {
    try {
      proof.value = await body(v1.audit.verify.$get());
    } catch (error) {
      toast((error as Error).message, { isError: true });
    }
  };
  const now = Date.now();
  const text = wanted.value.toLowerCase();
  return (
    <div class="page">
      <PageHead
        title="Audit"
        actions={
          <button type="button" class="button" data-testid="audit-verify" onClick={verify}>
            <Icon name="audit" /> Verify the chain
          </button>
        }
      />
      {proof.value && (
        <Note tone={proof.value.ok ? "good" : "bad"} id="audit-proof">
          {proof.value.ok
            ? `All ${proof.value.entries} entries are as they were written.`
            : `Entry ${proof.value.brokenAt} was changed: ${proof.value.reason}`}
        </Note>
      )}
      <Card
        title="Latest entries"
        padded={false}
        tools={
          <input
            class="input"
            type="search"
            placeholder="Find in them"
            aria-label="Find in the entries"
            data-testid="audit-search"
            value={wanted.value}
            onInput={(event) => wanted.value = event.currentTarget.value}
          />
        }
      >
        <Loaded resource={entries}>
          {(list) => {
            const shown = list.filter((e) =>
              `${e.actor} ${e.action} ${e.target} ${JSON.stringify(e.details)}`.toLowerCase()
                .includes(text)
            );
            if (shown.length === 0) {
              return (
                <Empty
                  icon="audit"
                  title={list.length === 0 ? "Nothing was recorded yet" : "No entry matches"}
                />
              );
            }
            return (
              <TableScroll>
                <table class="table" data-testid="audit-table">
                  <thead>
                    <tr>
                      <th class="num">No.</th>
                      <th>When</th>
                      <th>Who</th>
                      <th>Did</th>
                      <th>To</th>
                      <th>Details</th>
                    </tr>
                  </thead>
                  <tbody>
                    {shown.map((entry) => {
                      const details = JSON.stringify(entry.details);
                      return (
                        <tr key={entry.seq}>
                          <td class="num muted">{entry.seq}</td>
                          <td class="nowrap" title={formatTime(entry.at)}>
                            {formatAgo(entry.at, now)}
                          </td>
                          <td>{entry.actor}</td>
                          <td>
                            <code>{entry.action}</code>
                          </td>
                          <td>
                            <Target target={entry.target} />
                          </td>
                          <td class="muted" title={details}>
                            {details === "{}" ? "" : <code>{shorten(details, 90)}</code>}
                          </td>
                        </tr>
                      );
                    })}
                  </tbody>
                </table>
              </TableScroll>
            );
          }}
        </Loaded>
      </Card>
    </div>
  );
}
