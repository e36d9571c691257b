/** Reading load on a tracking server whose store fill.ts has filled. @module */
import type { Client } from "./requests.ts";

const api = "/api/2.0/mlflow";

interface Search {
  filter?: string;
  order_by?: string[];
  /** The page that is timed. */
  page: number;
}

/**
 * What a reviewer asks of a table of runs. The thresholds move with `i`, so that no answer is the
 * one before.
 */
const searches: ((i: number) => Search)[] = [
  (i) => ({ order_by: [`metrics.metric_${i % 20} DESC`], page: 1 }),
  (i) => ({
    filter: `metrics.metric_7 > ${(0.9 - (i % 40) / 100).toFixed(2)}`,
    order_by: ["metrics.metric_7 DESC"],
    page: 1,
  }),
  (i) => ({
    filter: `metrics.metric_3 < 0.5 and params.param_2 = '${i % 97}'`,
    page: 1,
  }),
  () => ({ page: 3 }),
  (i) => ({
    filter: `params.param_5 LIKE '${1 + i % 9}%' and attributes.status = 'FINISHED'`,
    order_by: ["metrics.metric_1 ASC"],
    page: 1,
  }),
  (i) => ({ order_by: [`metrics.metric_${(i + 5) % 20} ASC`], page: 3 }),
];

/** Milliseconds of each of `count` searches, one after the other, `pageSize` runs a page. */
export async function measureSearches(
  client: Client,
  experiment: number,
  pageSize: number,
  count: number,
): Promise<number[]> {
  const times: number[] = [];
  // Tokens of pages that were read on the way to a later one, by their search.
  const tokens = new Map<string, string>();
  // One of each first, so that connections are open and the store's pages are in memory.
  for (let i = -searches.length; i < count; i++) {
    const { page, ...search } = searches[(i + searches.length) % searches.length](i + 100);
    const body: Record<string, unknown> = {
      experiment_ids: [String(experiment)],
      max_results: pageSize,
      ...search,
    };
    for (let before = 1; before < page; before++) {
      const asked = JSON.stringify(body);
      const known = tokens.get(asked);
      if (known) {
        body.page_token = known;
        continue;
      }
      const answer = await client.post<{ next_page_token?: string }>(`${api}/runs/search`, body);
      if (!answer.next_page_token) throw new Error("the search has fewer pages than are asked for");
      tokens.set(asked, answer.next_page_token);
      body.page_token = answer.next_page_token;
    }
    const { ms, text } = await client.timed(`${api}/runs/search`, body);
    const found = text.split('"info"').length - 1;
    if (found === 0) throw new Error(`the search found nothing: ${JSON.stringify(body)}`);
    if (i >= 0) times.push(ms);
  }
  return times;
}

/** Points a second, read in pages of 25,000 as MLflow's client reads them. */
export async function measureHistory(
  client: Client,
  runId: string,
  points: number,
): Promise<number> {
  const from = performance.now();
  let read = 0;
  let token: string | undefined;
  do {
    const query = new URLSearchParams({
      run_id: runId,
      metric_key: "long",
      max_results: "25000",
      ...token ? { page_token: token } : {},
    });
    const page: { metrics: unknown[]; next_page_token?: string } = await client.get(
      `${api}/metrics/get-history?${query}`,
    );
    read += page.metrics.length;
    token = page.next_page_token;
  } while (token);
  if (read !== points) throw new Error(`read ${read} of ${points} points`);
  return points / (performance.now() - from) * 1000;
}

/** Milliseconds of MLflow's own thinned-out read, 2,500 points of a metric. */
export async function measureInterval(client: Client, runId: string): Promise<number> {
  const query = new URLSearchParams({ run_ids: runId, metric_key: "long", max_results: "2500" });
  const { ms, text } = await client.timed(
    `/ajax-api/2.0/mlflow/metrics/get-history-bulk-interval?${query}`,
  );
  const found = JSON.parse(text).metrics.length;
  if (found < 2000) throw new Error(`expected about 2,500 points, got ${found}`);
  return ms;
}

/** Milliseconds of our chart's read: at most 4,000 points that keep the curve's shape. */
export async function measureChart(client: Client, runId: string): Promise<number> {
  const { ms, text } = await client.timed(
    `/api/tapebook/v1/runs/${runId}/metrics/long?points=4000`,
  );
  const found = JSON.parse(text).steps.length;
  if (found > 4000 || found < 2000) throw new Error(`expected at most 4,000 points, got ${found}`);
  return ms;
}
