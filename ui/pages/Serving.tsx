/** `/serving`: the models that answer, how fast, and a form to ask one. @module */
import { TableScroll } from "../components/TableScroll.tsx";
import { useLocation } from "preact-iso";
import { useMemo } from "preact/hooks";
import { body, v1 } from "../api.ts";
import { LineChart } from "../charts/LineChart.tsx";
import { AskModel } from "../components/AskModel.tsx";
import { useRefresh } from "../components/live.ts";
import { Badge, Card, Facts, Figures, PageHead } from "../components/parts.tsx";
import { Empty, Failed, Loaded, Loading } from "../components/State.tsx";
import { useTitle } from "../components/title.ts";
import {
  formatAgo,
  formatCount,
  formatLatency,
  formatNumber,
  formatTime,
  shorten,
} from "../models/format.ts";
import { createResource } from "../models/resource.ts";
import { writeShape } from "../models/tensor_form.ts";

async function loadDeployment(name: string) {
  const answer = await body(v1.deployments[":name"].$get({ param: { name } }));
  return answer.deployment;
}

type Deployment = Awaited<ReturnType<typeof loadDeployment>>;
type LoggedTensor = Deployment["predictions"][number]["inputs"][number];

/** A logged tensor in a line: its numbers while they are few, else its shape. */
function tensorText({ name, shape, data }: LoggedTensor): string {
  if (!data || data.length > 8) return `${name} ${writeShape(shape)}`;
  const values = data.map((v) => typeof v === "number" ? formatNumber(v) : String(v));
  return shorten(values.join(", "), 48);
}

function Predictions({ deployment }: { deployment: Deployment }) {
  const now = Date.now();
  return (
    <Card title="Latest predictions" padded={false}>
      {deployment.predictions.length === 0
        ? <Empty title="Nobody asked since the server started" compact />
        : (
          <TableScroll>
            <table class="table" data-testid="predictions">
              <thead>
                <tr>
                  <th>When</th>
                  <th>Version</th>
                  <th>Inputs</th>
                  <th>Outputs</th>
                  <th class="num">Latency</th>
                  <th>Caller</th>
                </tr>
              </thead>
              <tbody>
                {deployment.predictions.slice(0, 12).map((p) => (
                  <tr key={p.id}>
                    <td class="nowrap" title={formatTime(p.time)}>{formatAgo(p.time, now)}</td>
                    <td class="num" style={{ textAlign: "left" }}>v{p.version}</td>
                    <td class="nowrap muted">{p.inputs.map(tensorText).join("; ")}</td>
                    <td class="nowrap">{p.outputs.map(tensorText).join("; ")}</td>
                    <td class="num">{formatLatency(p.ms)}</td>
                    <td class="muted">{p.caller}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          </TableScroll>
        )}
    </Card>
  );
}

/** Metadata that reads as a fact: short values, not the whole pipeline. */
function metadataFacts(metadata: Record<string, unknown>): [string, string][] {
  return Object.entries(metadata)
    .filter(([, value]) => ["string", "number", "boolean"].includes(typeof value))
    .map(([key, value]) => [key, shorten(String(value), 80)]);
}

function DeploymentView({ name, onAnswered }: { name: string; onAnswered: () => void }) {
  const resource = useMemo(() => createResource(() => loadDeployment(name)), []);
  useRefresh(() => resource.reload(), 5000);
  const deployment = resource.data.value;
  const latencies = deployment?.recentLatencyMs;
  const series = useMemo(() => [{
    label: "latency",
    color: "--series-1",
    x: Float64Array.from(latencies ?? [], (_, i) => i + 1),
    y: Float64Array.from(latencies ?? []),
  }], [latencies?.length, latencies?.at(-1)]);
  if (!deployment) {
    return resource.error.value
      ? <Failed error={resource.error.value} retry={() => resource.reload()} />
      : <Loading lines={9} />;
  }
  const { signature, metadata, latencyMs } = deployment;
  const facts = metadataFacts(metadata);
  return (
    <>
      <Figures
        id="deployment-figures"
        items={[
          { label: "version", value: `v${deployment.version}`, note: deployment.alias },
          {
            label: "requests",
            value: formatNumber(deployment.requests),
            note: "since the server started",
          },
          { label: "latency p50", value: formatLatency(latencyMs.p50) },
          { label: "latency p90", value: formatLatency(latencyMs.p90) },
          { label: "latency p99", value: formatLatency(latencyMs.p99) },
        ]}
      />
      <AskModel
        key={`${name} ${deployment.version}`}
        model={name}
        inputs={signature.inputs}
        example={deployment.inputExample}
        featureNames={deployment.featureNames}
        onAnswered={() => {
          void resource.reload();
          onAnswered();
        }}
      />
      <div class="columns">
        <Predictions deployment={deployment} />
        <div class="stack">
          <Card title="Latency">
            {deployment.recentLatencyMs.length < 2
              ? <p class="faint">It is drawn after two requests.</p>
              : (
                <LineChart
                  series={series}
                  xKind="step"
                  xLabel="request"
                  yLabel="latency"
                  formatY={formatLatency}
                  height={150}
                  id="chart-latency"
                />
              )}
          </Card>
          <Card title="Signature">
            <Facts
              items={[
                ...signature.inputs.map((s): [string, string] => [
                  s.name,
                  `in, ${s.datatype} ${writeShape(s.shape)}`,
                ]),
                ...signature.outputs.map((s): [string, string] => [
                  s.name,
                  `out, ${s.datatype} ${writeShape(s.shape)}`,
                ]),
                ...facts,
              ]}
            />
          </Card>
        </div>
      </div>
    </>
  );
}

export default function Serving() {
  const { query } = useLocation();
  const list = useMemo(
    () => createResource(async () => (await body(v1.deployments.$get())).deployments),
    [],
  );
  useTitle("Serving");
  useRefresh(() => list.reload(), 8000);
  const now = Date.now();
  return (
    <div class="page">
      <PageHead title="Serving" />
      <Loaded resource={list}>
        {(deployments) => {
          const current = query.model ?? deployments[0]?.model;
          if (deployments.length === 0) {
            return (
              <Empty icon="serving" title="No model answers yet">
                Promote a version of a <a href="/models">model</a>{" "}
                to champion: it is served from then on.
              </Empty>
            );
          }
          return (
            <>
              <div class="cards" data-testid="deployments">
                {deployments.map((d) => (
                  <a
                    key={d.model}
                    class="card pick"
                    href={`/serving?model=${encodeURIComponent(d.model)}`}
                    aria-current={d.model === current}
                    data-testid={`deployment-${d.model}`}
                  >
                    <span class="pick-head">
                      <span class="truncate">{d.model}</span>
                      <Badge tone="good">v{d.version}</Badge>
                    </span>
                    <span class="pick-facts">
                      <span>{formatCount(d.requests, "request")}</span>
                      <span>p50 {formatLatency(d.latencyMs.p50)}</span>
                      <span>p99 {formatLatency(d.latencyMs.p99)}</span>
                      {d.since !== null && (
                        <span title={formatTime(d.since)}>promoted {formatAgo(d.since, now)}</span>
                      )}
                    </span>
                  </a>
                ))}
              </div>
              {current && (
                <DeploymentView
                  key={current}
                  name={current}
                  onAnswered={() => list.reload()}
                />
              )}
            </>
          );
        }}
      </Loaded>
    </div>
  );
}
