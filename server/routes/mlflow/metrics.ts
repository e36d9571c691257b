/** `/mlflow/metrics/…`. @module */
import { Hono } from "hono";
import { limits } from "../../../lib/contracts/mlflow/mod.ts";
import type { AppEnv } from "../../env.ts";
import { invalid } from "../../errors.ts";
import { answer, answerPage } from "./_answer.ts";
import { badValue, optional, readRequest, refused, required, t } from "./_request.ts";

const pointsPerRun = 2500;

const app = new Hono<AppEnv>();

app.get("/get-history", async (c) => {
  const request = await readRequest(c, {
    run_id: required(t.text),
    metric_key: required(t.text),
    page_token: optional(t.text),
    max_results: optional(t.int),
  });
  const { max_results } = request;
  if (max_results !== undefined && max_results <= 0) {
    throw invalid(
      `Invalid value ${max_results} for parameter 'max_results' supplied. ` +
        "It must be a positive integer.",
    );
  }
  const page = await c.get("services").tracking.getMetricHistoryJson(
    request.run_id,
    request.metric_key,
    { maxResults: max_results, pageToken: request.page_token || undefined },
  );
  return answerPage(c, "metrics", page.count > 0 ? page.json : null, page.nextPageToken);
});

/** Of many runs at once; for pages, under /ajax-api only. */
app.get("/get-history-bulk", async (c) => {
  const runIds = c.req.queries("run_id") ?? [];
  if (runIds.length === 0) {
    throw invalid("GetMetricHistoryBulk request must specify at least one run_id.");
  }
  if (runIds.length > limits.runsPerHistory) {
    throw invalid(
      `GetMetricHistoryBulk request cannot specify more than ${limits.runsPerHistory} run_ids. ` +
        `Received ${runIds.length} run_ids.`,
    );
  }
  const key = c.req.query("metric_key");
  if (key === undefined) throw invalid("GetMetricHistoryBulk request must specify a metric_key.");
  const asked = c.req.query("max_results") ?? String(limits.pointsPerHistory);
  if (!/^\d+$/.test(asked)) throw badValue("max_results", asked);
  const metrics = await c.get("services").tracking.getMetricHistories(
    runIds,
    key,
    Math.min(Number(asked), limits.pointsPerHistory),
  );
  return answer(c, { metrics });
});

/** Of many runs, evenly thinned out to at most `max_results` points a run. */
app.get("/get-history-bulk-interval", async (c) => {
  const request = await readRequest(c, {
    run_ids: required(t.list(t.text), (raw) => {
      const count = (raw as unknown[]).length;
      if (count > limits.runsPerHistory) {
        throw refused(
          "GetMetricHistoryBulkInterval request must specify at most " +
            `${limits.runsPerHistory} run_ids. Received ${count} run_ids.`,
        );
      }
    }),
    metric_key: required(t.text),
    start_step: optional(t.int),
    end_step: optional(t.int),
    max_results: optional(t.int, (raw) => {
      if (!(Number(raw) >= 1 && Number(raw) <= pointsPerRun)) {
        throw refused(`max_results must be between 1 and ${pointsPerRun}.`);
      }
    }),
  });
  const { start_step, end_step } = request;
  if ((start_step === undefined) !== (end_step === undefined)) {
    throw invalid("If either start step or end step are specified, both must be specified.");
  }
  if (start_step !== undefined && end_step !== undefined && start_step > end_step) {
    throw invalid(
      "end_step must be greater than start_step. " +
        `Found start_step=${start_step} and end_step=${end_step}.`,
    );
  }
  const metrics = await c.get("services").tracking.sampleMetricHistories(
    request.run_ids,
    request.metric_key,
    {
      perRun: request.max_results ?? pointsPerRun,
      steps: start_step === undefined ? undefined : [start_step, end_step!],
    },
  );
  return answer(c, { metrics });
});

export const metricRoutes = app;
