import assert from "node:assert/strict";
import { type TestServer, testServer } from "../../../tests/support/server.ts";

/** One request of testdata/mlflow_answers.jsonl.gz and what MLflow's own server answered. */
interface Step {
  section: string;
  method: string;
  path: string;
  payload?: unknown;
  save?: Record<string, string>;
  headers?: Record<string, string>;
  status: number;
  error_code?: string;
  message?: string;
  listed?: string[];
  /** All of the answer, where the request asks to compare it whole. */
  body?: unknown;
  whole?: boolean;
}

const folder = new URL("./testdata/", import.meta.url);

async function readSteps(): Promise<Step[]> {
  const packed = await Deno.open(new URL("mlflow_answers.jsonl.gz", folder));
  const text = await new Response(packed.readable.pipeThrough(new DecompressionStream("gzip")))
    .text();
  return text.split("\n").map((line) => JSON.parse(line));
}

function filled<T>(value: T, names: Map<string, string>): T {
  return JSON.parse(
    JSON.stringify(value).replace(
      /\{(\w+)\}/g,
      (whole, name) => names.has(name) ? JSON.stringify(names.get(name)).slice(1, -1) : whole,
    ),
  );
}

async function ask(server: TestServer, step: Step, names: Map<string, string>) {
  const payload = step.payload === undefined ? undefined : filled(step.payload, names);
  const headers = step.headers && filled(step.headers, names);
  let path = filled(step.path, names);
  if (step.method !== "GET") {
    const body = typeof payload === "string" ? new TextEncoder().encode(payload) : payload;
    return await server.request(step.method, path, body, headers);
  }
  const query = new URLSearchParams();
  for (const [key, value] of Object.entries(payload ?? {})) {
    for (const item of Array.isArray(value) ? value : [value]) {
      if (item !== null) query.append(key, String(item));
    }
  }
  if (query.size > 0) path += `?${query}`;
  return await server.request("GET", path, undefined, headers);
}

/** Names of the things in the answer's first list, as make_mlflow_answers.py takes them. */
function listed(body: Record<string, any>): string[] {
  const found: any[] = Object.values(body).find((value) => Array.isArray(value)) ?? [];
  return found.map((thing) =>
    (thing.info?.run_name || thing.name || thing.path) +
    ("version" in thing ? `:${thing.version}` : "")
  );
}

/** A message without what differs by server: ids, the order of sets, where a filter is wrong. */
function comparable(message: string): string {
  return message
    .replace(/ ?(Found )?\(?at character \d+ of the filter [^]*$/, "")
    .replace(/<\w+>|\b((m|ae|iss|ls|rq)-)?[0-9a-f]{32}\b/g, "<id>")
    .replace(/(experiment |Experiment |ID |id=|'|\/)\d+(?=[ './]|$)/g, "$1<id>")
    .replace(/\{('[^{}]*')\}/g, (_, set: string) => `{${set.split(", ").sort().join(", ")}}`)
    .replace(/[.'"\s]+$/, "");
}

/** An answer without what differs by server and by moment. */
function withoutChance(value: unknown, key = ""): unknown {
  if (Array.isArray(value)) {
    const list = value.map((item) => withoutChance(item));
    // Their order is that of their random ids.
    return key === "access_endpoints"
      ? list.toSorted((a: any, b: any) => a.url < b.url ? -1 : 1)
      : list;
  }
  if (typeof value === "object" && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, withoutChance(v, k)]));
  }
  if (typeof value === "number") {
    return /(_timestamp|_time|_at|_time_ms)$/.test(key) && value > 1e12 ? "<time>" : value;
  }
  if (typeof value !== "string") return value;
  if (key === "experiment_id") return "<experiment>";
  return key === "next_page_token" && value ? "<token>" : value
    .replace(/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|[0-9a-f]{32}/g, "<id>");
}

/** Where two values first differ, or null. */
function firstDifference(theirs: unknown, ours: unknown, path: string): string | null {
  const isObject = (v: unknown): v is Record<string, unknown> =>
    typeof v === "object" && v !== null;
  if (!isObject(theirs) || !isObject(ours) || Array.isArray(theirs) !== Array.isArray(ours)) {
    return Object.is(theirs, ours)
      ? null
      : `${path}\n  - ${JSON.stringify(theirs)}\n  + ${JSON.stringify(ours)}`;
  }
  for (const key of new Set([...Object.keys(theirs), ...Object.keys(ours)])) {
    const found = firstDifference(theirs[key], ours[key], `${path}.${key}`);
    if (found) return found;
  }
  return null;
}

/** The difference between MLflow's answer and ours, or null. */
function differenceOf(step: Step, answer: { status: number; text: string }): string | null {
  let body: Record<string, any> = {};
  try {
    body = JSON.parse(answer.text);
  } catch { /* not all answers are JSON */ }
  if (answer.status !== step.status) return `status ${step.status}, ours ${answer.status}`;
  if (step.status === 200) {
    if (step.whole) {
      return firstDifference(withoutChance(step.body ?? {}), withoutChance(body), "body");
    }
    if (!step.listed) return null;
    const ours = JSON.stringify(listed(body));
    return ours === JSON.stringify(step.listed)
      ? null
      : `listed ${JSON.stringify(step.listed)}, ours ${ours}`;
  }
  if (step.status === 503 && step.message) {
    return answer.text === step.message ? null : `- ${step.message}\n  + ${answer.text}`;
  }
  if (step.error_code === undefined) return null;
  if (body.error_code !== step.error_code) return `${step.error_code}, ours ${body.error_code}`;
  const ours = comparable(body.message ?? "");
  const theirs = comparable(step.message ?? "");
  return ours.includes(theirs) ? null : `message\n  - ${theirs}\n  + ${ours}`;
}

testServer("the answers are those of MLflow's own server, but for the listed", async (server) => {
  const allowed: Record<string, string[]> = JSON.parse(
    await Deno.readTextFile(new URL("mlflow_differences.json", folder)),
  );
  const isAllowed = new Set(Object.values(allowed).flat());
  const names = new Map<string, string>();
  const unexpected: string[] = [];
  const met = new Set<string>();
  let section = "";
  for (const [i, step] of (await readSteps()).entries()) {
    if (step.section !== section) {
      section = step.section;
      names.clear();
    }
    // What is made in one millisecond has no order of its own.
    const makes = step.path.endsWith("/create") || step.whole && step.method === "POST";
    if (makes) await new Promise((resolve) => setTimeout(resolve, 2));
    const answer = await ask(server, step, names);
    assert.ok(answer.status < 500 || step.status >= 500, `${step.path}: ${answer.text}`);
    if (step.save) {
      const body = answer.status === 200 ? answer.json<any>() : {};
      for (const [name, path] of Object.entries(step.save)) {
        const value = path.split(".").reduce((at: any, part) => at?.[part], body);
        names.set(name, value ?? "missing");
      }
    }
    const request = `${i + 1} ${step.method} ${step.path.replace("/api/2.0/mlflow/", "")}`;
    const difference = differenceOf(step, answer);
    if (difference === null) continue;
    if (isAllowed.has(request)) met.add(request);
    else {
      const payload = JSON.stringify(step.payload ?? null).slice(0, 200);
      unexpected.push(`${request} ${payload}\n  ${difference}`);
    }
  }
  assert.equal(unexpected.length, 0, `${unexpected.length} differ:\n${unexpected.join("\n")}`);
  const gone = [...isAllowed].filter((request) => !met.has(request));
  assert.deepEqual(gone, [], "these no longer differ: take them off the list");
});
