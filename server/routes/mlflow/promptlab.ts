/** `/mlflow/runs/create-promptlab-run`: what MLflow's page for trying prompts records. @module */
import { Hono } from "hono";
import type { AppEnv } from "../../env.ts";
import { invalid } from "../../errors.ts";
import { answer } from "./_answer.ts";
import { keyValues, toKeyValues } from "./_messages.ts";
import { optional, parseFields, readJson, t } from "./_request.ts";

const text = optional(t.text);
const pairs = optional(keyValues);

/** As Python's json.dumps writes a list of one object of strings. */
const tableTag = '[{"path": "eval_results_table.json", "type": "table"}]';

export const promptlabRoutes = new Hono<AppEnv>().post("/create-promptlab-run", async (c) => {
  const raw = await readJson(c);
  const needed = [
    "experiment_id",
    "prompt_template",
    "prompt_parameters",
    "model_route",
    "model_input",
    "mlflow_version",
  ];
  for (const name of needed) {
    const value = raw[name];
    if (!value || Array.isArray(value) && value.length === 0) {
      throw invalid(`CreatePromptlabRun request must specify ${name}.`);
    }
  }
  const request = parseFields(raw, {
    experiment_id: text,
    run_name: text,
    tags: pairs,
    prompt_template: text,
    prompt_parameters: pairs,
    model_route: text,
    model_parameters: pairs,
    model_input: text,
    model_output: text,
    model_output_parameters: pairs,
    user_id: text,
    start_time: optional(t.int),
  });
  const { tracking, artifacts } = c.get("services");
  const { info } = await tracking.createRun({
    experimentId: request.experiment_id!,
    runName: request.run_name,
    userId: request.user_id ?? "unknown",
    startTime: request.start_time,
    tags: toKeyValues(request.tags),
  });
  await tracking.logBatch(info.run_id, {
    params: [
      ...toKeyValues(request.model_parameters),
      { key: "model_route", value: request.model_route! },
      { key: "prompt_template", value: request.prompt_template! },
    ],
    tags: [
      { key: "mlflow.loggedArtifacts", value: tableTag },
      { key: "mlflow.runSourceType", value: "PROMPT_ENGINEERING" },
    ],
  });
  const prompt = toKeyValues(request.prompt_parameters);
  const output = toKeyValues(request.model_output_parameters);
  const table = {
    columns: [...prompt.map((p) => p.key), "prompt", "output", ...output.map((p) => p.key)],
    data: [[
      ...prompt.map((p) => p.value),
      request.model_input,
      request.model_output ?? null,
      ...output.map((p) => p.value),
    ]],
  };
  await artifacts.write(`runs:/${info.run_id}/eval_results_table.json`, JSON.stringify(table));
  await tracking.updateRun(info.run_id, {
    status: "FINISHED",
    endTime: c.get("services").clock.now(),
  });
  return answer(c, { run: await tracking.getRun(info.run_id) });
});

/** No gateway to language models stands behind this server: it has no endpoints. */
export const gatewayRoutes = new Hono<AppEnv>().on(
  ["GET", "POST"],
  "/gateway-proxy",
  (c) => c.json({ endpoints: [] }),
);
