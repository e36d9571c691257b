/** What of MLflow's protocol this server leaves out, so that a refusal says so. @module */

const absent: readonly { path: RegExp; why: string }[] = [
  {
    path: /^\/(ajax-)?api\/3\.0\/mlflow\/gateway\//,
    why:
      "this server has no gateway to language models, and keeps no secrets, endpoints, budgets " +
      "or guardrails of one",
  },
  {
    path: /^\/(ajax-)?api\/3\.0\/mlflow\/prompt-optimization\//,
    why: "this server calls no language models and so optimizes no prompts; " +
      "mlflow.genai.optimize_prompts runs with its caller",
  },
  {
    path: /^\/(ajax-)?api\/2\.0\/mlflow\/(unified-traces|get-online-trace-details)$/,
    why: "traces of Databricks' own tables are not here; traces/search has those of this server",
  },
];

/** Why nothing answers at the path, where it is one of MLflow's that is left out by choice. */
export function absenceOf(path: string): string | undefined {
  return absent.find((one) => one.path.test(path))?.why;
}
