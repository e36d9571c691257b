/**
 * Which scope each route asks for: one table for all of them.
 *
 * A route that no rule names is for administrators only, and a test fails until it has a rule.
 * @module
 */
import type { Scope } from "../../lib/contracts/people/mod.ts";

/** `public`: no sign-in. `signedIn`: any scope. Else the scope. */
export type Access = Scope | "public" | "signedIn";

interface Rule {
  methods: readonly string[];
  pattern: RegExp;
  access: Access;
}

/** `*` stands for one part of the path, a final `**` for any rest. */
function rule(methods: string, path: string, access: Access): Rule {
  const isOpen = path.endsWith("/**");
  const source = path.replace(/\/\*\*$/, "").replace(/[.+?^${}()|[\]\\]/g, "\\$&")
    .replaceAll("*", "[^/]+") + (isOpen ? "(?:/.*)?" : "");
  return { methods: methods.split(" "), pattern: new RegExp(`^${source}/?$`), access };
}

const any = "GET POST PUT PATCH DELETE";
const v1 = "/api/tapebook/v1";
/** MLflow's mirrored prefixes are brought to this one before the table is asked. */
const mlflow = "/mlflow";

/** The first rule that fits counts. */
const rules: readonly Rule[] = [
  // Programs that look whether the server is there, and the pages (their data need a sign-in).
  rule("GET", "/health", "public"),
  rule("GET", "/ping", "public"),
  rule("GET", "/version", "public"),
  rule("GET", "/v2", "public"),
  rule("GET", "/v2/health/live", "public"),
  rule("GET", "/v2/health/ready", "public"),
  rule("GET", "/assets/*", "public"),
  rule("GET", "/favicon.svg", "public"),
  // Pages, beside the scoring routes below them.
  rule("GET", "/serving", "public"),
  rule("GET", "/serving/*", "public"),
  rule("GET", `${v1}/server`, "public"),
  rule("GET", `${v1}/openapi.json`, "public"),
  rule("GET POST DELETE", `${v1}/session`, "public"),

  rule("GET", "/metrics", "read"),
  rule("GET", "/live", "read"),

  // MLflow: looking, by whatever method, and all else.
  rule("POST", `${mlflow}/runs/search`, "read"),
  rule("POST", `${mlflow}/experiments/search`, "read"),
  rule("POST", `${mlflow}/experiments/search-datasets`, "read"),
  rule("POST", `${mlflow}/logged-models/search`, "read"),
  rule("POST", `${mlflow}/registered-models/get-latest-versions`, "read"),
  rule("POST", `${mlflow}/metrics/get-history-bulk`, "read"),
  rule("POST", `${mlflow}/traces/search`, "read"),
  rule("POST", `${mlflow}/datasets/search`, "read"),
  rule("POST", `${mlflow}/traces/batchGetInfos`, "read"),
  rule("POST", `${mlflow}/traces/calculate-filter-correlation`, "read"),
  rule("POST", `${mlflow}/traces/metrics`, "read"),
  rule("POST", `${mlflow}/issues/search`, "read"),
  rule("POST", "/v1/traces", "write"),
  rule("GET", `${mlflow}/webhooks/**`, "admin"),
  rule("POST PUT PATCH DELETE", `${mlflow}/webhooks/**`, "admin"),
  rule("GET", `${mlflow}/**`, "read"),
  rule("POST PUT PATCH DELETE", `${mlflow}/**`, "write"),
  // It only looks; what it asks for is guarded again where REST has it.
  rule("GET POST", "/graphql", "read"),
  rule("GET", "/mlflow-artifacts/**", "read"),
  rule("POST PUT PATCH DELETE", "/mlflow-artifacts/**", "write"),
  rule("GET", "/get-artifact", "read"),
  rule("GET", "/model-versions/get-artifact", "read"),

  // Asking a deployed model is looking.
  rule("GET POST", "/v2/**", "read"),
  rule("GET POST", "/serving/**", "read"),

  // Governance.
  rule("POST", `${v1}/promotions/*/approve`, "review"),
  rule("POST", `${v1}/promotions/*/reject`, "review"),
  rule("GET", `${v1}/promotions/**`, "read"),
  rule("POST", `${v1}/promotions/**`, "write"),
  rule("PUT", `${v1}/models/*/policy`, "review"),
  rule("POST", `${v1}/models/*/rollback`, "review"),
  rule("POST", `${v1}/models/*/alerts/*/resolve`, "review"),
  rule("GET", `${v1}/models/**`, "read"),
  rule("POST", `${v1}/models/*/alerts`, "write"),
  rule("GET", `${v1}/audit/**`, "review"),

  // People.
  rule("GET POST DELETE", `${v1}/tokens/**`, "signedIn"),
  rule("POST", `${v1}/users/me/password`, "signedIn"),
  rule("GET", `${v1}/users/me/usage`, "signedIn"),
  rule(any, `${v1}/users/**`, "admin"),
  rule(any, `${v1}/secrets/**`, "admin"),
  // Who may manage an experiment is decided by its own permissions as well.
  rule("GET", `${v1}/experiments/*/permissions`, "read"),
  rule("PUT", `${v1}/experiments/*/permissions`, "write"),

  // A notebook runs any code as the server's own user: who may start one may do everything.
  rule("GET", `${v1}/notebooks/**`, "read"),
  rule("POST PUT PATCH DELETE", `${v1}/notebooks/**`, "admin"),

  // Results and their pages: looking is reading, the rest is writing.
  ...[
    "runs",
    "experiments",
    "metrics",
    "charts",
    "studies",
    "trials",
    "backtests",
    "deployments",
    "monitoring",
    "reports",
    "compare",
    "datasets",
  ].flatMap((area) => [
    rule("GET", `${v1}/${area}/**`, "read"),
    rule("POST PUT PATCH DELETE", `${v1}/${area}/**`, "write"),
  ]),
  rule(any, `${v1}/storage/**`, "admin"),
  rule(any, `${v1}/admin/**`, "admin"),
];

const mirrored = /^\/(?:ajax-)?api\/[23]\.0(?=\/mlflow)/;

/**
 * What a request needs. Anything below the API prefixes that no rule names needs `admin`; any other
 * GET is a page of the browser's app.
 */
export function accessOf(method: string, path: string): Access {
  const wanted = method === "HEAD" ? "GET" : method;
  const plain = path.replace(mirrored, "");
  const found = rules.find((r) => r.methods.includes(wanted) && r.pattern.test(plain));
  if (found) return found.access;
  const isApi = /^\/(?:(?:ajax-)?api|mlflow|v1|v2|serving|live|metrics)(?:\/|$)/.test(plain);
  return wanted === "GET" && !isApi ? "public" : "admin";
}

/** Whether the table itself names the route (and not only its default). */
export function hasRule(method: string, path: string): boolean {
  const plain = path.replace(mirrored, "");
  return rules.some((r) => r.methods.includes(method) && r.pattern.test(plain));
}
