/** `/mlflow/experiments/search-datasets`. @module */
import { Hono } from "hono";
import type { AppEnv } from "../../env.ts";
import { invalid } from "../../errors.ts";
import { answer } from "./_answer.ts";
import { optional, readRequest, t } from "./_request.ts";

const mostExperiments = 20;

export const datasetSearchRoutes = new Hono<AppEnv>();

datasetSearchRoutes.post("/search-datasets", async (c) => {
  const { experiment_ids = [] } = await readRequest(c, {
    experiment_ids: optional(t.list(t.text)),
  });
  if (experiment_ids.length === 0) {
    throw invalid("SearchDatasets request must specify at least one experiment_id.");
  }
  if (experiment_ids.length > mostExperiments) {
    throw invalid(
      `SearchDatasets request cannot specify more than ${mostExperiments} experiment_ids. ` +
        `Received ${experiment_ids.length} experiment_ids.`,
    );
  }
  const dataset_summaries = await c.get("services").tracking.searchDatasets(experiment_ids);
  return answer(c, { dataset_summaries });
});
