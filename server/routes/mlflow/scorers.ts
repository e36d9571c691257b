/** `/mlflow/scorers/…`. Scorers are kept and given back; judging is their clients' work. @module */
import { Hono } from "hono";
import type { AppEnv } from "../../env.ts";
import { answer, answerAsIs } from "./_answer.ts";
import { optional, readRequest, required, t } from "./_request.ts";

const named = { experiment_id: required(t.text), name: required(t.text) };

const app = new Hono<AppEnv>();

app.post("/register", async (c) => {
  const request = await readRequest(c, { ...named, serialized_scorer: required(t.text) });
  const scorer = await c.get("services").scorers.register(
    request.experiment_id,
    request.name,
    request.serialized_scorer,
  );
  return answer(c, {
    version: scorer.scorer_version,
    scorer_id: scorer.scorer_id,
    experiment_id: String(scorer.experiment_id),
    name: scorer.scorer_name,
    serialized_scorer: scorer.serialized_scorer,
    creation_time: scorer.creation_time,
  });
});

app.get("/list", async (c) => {
  const { experiment_id, experiment_ids } = await readRequest(c, {
    experiment_id: optional(t.text),
    experiment_ids: optional(t.list(t.text)),
  });
  const ids = experiment_ids ?? (experiment_id ? [experiment_id] : []);
  return answer(c, { scorers: await c.get("services").scorers.list(ids) });
});

app.get("/versions", async (c) => {
  const { experiment_id, name } = await readRequest(c, named);
  return answer(c, { scorers: await c.get("services").scorers.versions(experiment_id, name) });
});

app.get("/get", async (c) => {
  const request = await readRequest(c, { ...named, version: optional(t.int) });
  const scorer = await c.get("services").scorers.get(
    request.experiment_id,
    request.name,
    request.version,
  );
  return answer(c, { scorer });
});

app.delete("/delete", async (c) => {
  const request = await readRequest(c, { ...named, version: optional(t.int) });
  await c.get("services").scorers.remove(request.experiment_id, request.name, request.version);
  return answer(c);
});

app.get("/online-configs", async (c) => {
  const { scorer_ids } = await readRequest(c, { scorer_ids: required(t.list(t.text)) });
  return answerAsIs(c, { configs: await c.get("services").scorers.onlineConfigs(scorer_ids) });
});

app.put("/online-config", async (c) => {
  const request = await readRequest(c, {
    ...named,
    sample_rate: required(t.double),
    filter_string: optional(t.text),
  });
  const config = await c.get("services").scorers.setOnlineConfig(
    { experimentId: request.experiment_id, name: request.name },
    request.sample_rate,
    request.filter_string,
  );
  return answerAsIs(c, { config });
});

export const scorerRoutes = app;
