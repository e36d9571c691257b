/** `/mlflow/label-schemas/…` of MLflow 3. @module */
import { Hono } from "hono";
import { labelTypes } from "../../db/label_schemas.ts";
import type { AppEnv } from "../../env.ts";
import { answer } from "./_answer.ts";
import { optional, readRequest, required, t } from "./_request.ts";
import { enumValue, pageFields, reviewerOf } from "./_review.ts";

const input = t.message({
  pass_fail: t.message({ positive_label: t.text, negative_label: t.text }),
  categorical: t.message({ options: t.list(t.text), multi_select: t.bool }),
  numeric: t.message({ min_value: t.double, max_value: t.double }),
  text: t.message({ max_length: t.int }),
});
const byId = { schema_id: required(t.text) };
const byName = { experiment_id: required(t.text), name: required(t.text) };

const app = new Hono<AppEnv>();

app.post("/create", async (c) => {
  const request = await readRequest(c, {
    ...byName,
    type: optional(enumValue(labelTypes)),
    input: optional(input),
    instruction: optional(t.text),
    enable_comment: optional(t.bool),
  });
  const label_schema = await c.get("services").labelSchemas.create({
    experimentId: request.experiment_id,
    name: request.name,
    type: request.type ?? undefined,
    input: request.input,
    instruction: request.instruction,
    enableComment: request.enable_comment,
  }, reviewerOf(c));
  return answer(c, { label_schema });
});

app.get("/get", async (c) => {
  const { schema_id } = await readRequest(c, byId);
  return answer(c, { label_schema: await c.get("services").labelSchemas.get(schema_id) });
});

app.get("/get-by-name", async (c) => {
  const { experiment_id, name } = await readRequest(c, byName);
  const label_schema = await c.get("services").labelSchemas.getByName(experiment_id, name);
  return answer(c, { label_schema });
});

app.get("/list", async (c) => {
  const { experiment_id, max_results, page_token } = await readRequest(c, {
    experiment_id: required(t.text),
    ...pageFields,
  });
  const page = await c.get("services").labelSchemas.list(experiment_id, max_results, page_token);
  return answer(c, { label_schemas: page.items, next_page_token: page.nextPageToken ?? "" });
});

app.patch("/update", async (c) => {
  const { schema_id, enable_comment, ...change } = await readRequest(c, {
    ...byId,
    name: optional(t.text),
    instruction: optional(t.text),
    enable_comment: optional(t.bool),
    input: optional(input),
  });
  const label_schema = await c.get("services").labelSchemas.update(schema_id, {
    ...change,
    enableComment: enable_comment,
  });
  return answer(c, { label_schema });
});

app.delete("/delete", async (c) => {
  const { schema_id } = await readRequest(c, byId);
  await c.get("services").labelSchemas.remove(schema_id);
  return answer(c);
});

export const labelSchemaRoutes = app;
