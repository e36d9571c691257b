/**
 * What each kind of policy rule looks at and when it is met: one function per kind, in a table.
 *
 * Values come from the metrics of the version's run, from tags of the version, and from tags of the
 * run, the first of these that has it; the evidence says which.
 * @module
 */
import type {
  Lineage,
  LineagePart,
  ModelAlert,
  PolicyRule,
  Review,
  RuleResult,
} from "../../lib/contracts/governance/mod.ts";

/** All that rules may look at. */
export interface RuleFacts {
  lineage: Lineage;
  /** Latest metrics of the run; empty without a run. */
  metrics: ReadonlyMap<string, number>;
  runTags: ReadonlyMap<string, string>;
  versionTags: ReadonlyMap<string, string>;
  /** What serving measured of this version; null when it was never asked. */
  measuredLatency: { p99Ms: number; requests: number } | null;
  /** Alerts of the model or this version that nobody resolved. */
  openAlerts: readonly ModelAlert[];
  approvals: readonly Review[];
  /** People whose approval does not count: who asked, and who made the version. */
  authors: ReadonlySet<string>;
}

interface Verdict {
  passed: boolean;
  evidence: Record<string, unknown>;
  message: string;
}

type RuleOf<K extends PolicyRule["kind"]> = Extract<PolicyRule, { kind: K }>;

interface Found {
  value: number;
  from: string;
}

/** The number called by one of `names`: a metric, else a tag of the version, else of the run. */
function findNumber(facts: RuleFacts, ...names: string[]): Found | null {
  for (const name of names) {
    const metric = facts.metrics.get(name);
    if (metric !== undefined) return { value: metric, from: `metric ${name}` };
    for (const [tags, owner] of [[facts.versionTags, "version"], [facts.runTags, "run"]] as const) {
      for (const key of [name, `tapebook.${name}`]) {
        const text = tags.get(key);
        if (text !== undefined && text.trim() !== "" && !Number.isNaN(Number(text))) {
          return { value: Number(text), from: `tag ${key} of the ${owner}` };
        }
      }
    }
  }
  return null;
}

const shown = (x: number) => Number.isInteger(x) ? String(x) : String(Number(x.toPrecision(6)));
/** JSON has no NaN or infinities. */
const plain = (x: number) => Number.isFinite(x) ? x : String(x);

/** The verdict on a number that must lie within limits; NaN never does. */
function judgeNumber(
  found: Found | null,
  what: string,
  limits: { min?: number; max?: number },
  advice: string,
): Verdict {
  const evidence = { ...limits };
  if (found === null) {
    return { passed: false, evidence, message: `${what} is not recorded: ${advice}` };
  }
  const { value, from } = found;
  const passed = !Number.isNaN(value) && value >= (limits.min ?? -Infinity) &&
    value <= (limits.max ?? Infinity);
  const wanted = [
    limits.min === undefined ? "" : `at least ${shown(limits.min)}`,
    limits.max === undefined ? "" : `at most ${shown(limits.max)}`,
  ].filter((t) => t !== "").join(" and ");
  return {
    passed,
    evidence: { value: plain(value), from, ...evidence },
    message: `${what} is ${shown(value)}${passed ? ", as wanted:" : ", but must be"} ${
      wanted || "any number"
    }`,
  };
}

const partPresent: Record<LineagePart, (l: Lineage) => unknown> = {
  run: (l) => l.runId,
  dataset: (l) => l.datasets[0]?.fingerprint,
  pipeline: (l) => l.pipelineHash,
  notebook: (l) => l.notebook,
  commit: (l) => l.codeCommit,
  lock: (l) => l.lockHash,
};

const judges: { [K in PolicyRule["kind"]]: (rule: RuleOf<K>, facts: RuleFacts) => Verdict } = {
  minDeflatedSharpe: (rule, facts) =>
    judgeNumber(
      findNumber(facts, "dsr", "deflated_sharpe"),
      "Deflated Sharpe ratio",
      { min: rule.min },
      "log the metric dsr to the run",
    ),
  maxDrawdown: (rule, facts) =>
    judgeNumber(
      findNumber(facts, "max_drawdown"),
      "Max drawdown",
      { min: rule.worst },
      "log the metric max_drawdown to the run",
    ),
  walkForward: (rule, facts) =>
    judgeNumber(
      findNumber(facts, "walk_forward_folds", "walkforward_folds"),
      "Number of walk-forward folds",
      { min: rule.minFolds },
      "log the metric walk_forward_folds to the run",
    ),
  latencyBudget(rule, facts) {
    const measured = facts.measuredLatency;
    const found = measured !== null && measured.requests > 0
      ? { value: measured.p99Ms, from: `serving, ${measured.requests} requests` }
      : findNumber(facts, "latency_p99_ms");
    return judgeNumber(
      found,
      "99th percentile of latency in ms",
      { max: rule.p99Ms },
      "log the metric latency_p99_ms to the run, or ask the serving endpoint",
    );
  },
  onnxParity: (rule, facts) =>
    judgeNumber(
      findNumber(facts, "onnx_max_abs_diff", "onnx_parity"),
      "Difference between the model and its ONNX graph",
      { max: rule.maxDifference },
      "log the metric onnx_max_abs_diff to the run",
    ),
  noUnresolvedDrift(_rule, facts) {
    const alerts = facts.openAlerts.map(({ id, kind, message, raisedAt, version }) => ({
      id,
      kind,
      message,
      raisedAt,
      version,
    }));
    return {
      passed: alerts.length === 0,
      evidence: { alerts },
      message: alerts.length === 0
        ? "No alert of this model is open"
        : `${alerts.length} alert${alerts.length > 1 ? "s are" : " is"} open: ${alerts[0].message}`,
    };
  },
  lineage(rule, facts) {
    const missing = rule.parts.filter((part) => !partPresent[part](facts.lineage));
    return {
      passed: missing.length === 0,
      evidence: { parts: rule.parts, missing },
      message: missing.length === 0
        ? `Lineage names ${rule.parts.join(", ")}`
        : `Lineage lacks ${missing.join(", ")}`,
    };
  },
  metric: (rule, facts) =>
    judgeNumber(
      findNumber(facts, rule.key),
      `Metric ${rule.key}`,
      { min: rule.min, max: rule.max },
      `log the metric ${rule.key} to the run`,
    ),
  approval(rule, facts) {
    const by = [...new Set(facts.approvals.map((a) => a.author))]
      .filter((name) => !facts.authors.has(name));
    return {
      passed: by.length >= rule.count,
      evidence: { approvedBy: by, count: rule.count, authors: [...facts.authors] },
      message: by.length >= rule.count
        ? `Approved by ${by.join(", ")}`
        : `${by.length} of ${rule.count} approvals by someone other than the author`,
    };
  },
};

/** The rule's verdict on the facts. */
export function judgeRule(rule: PolicyRule, facts: RuleFacts): RuleResult {
  const judge = judges[rule.kind] as (rule: PolicyRule, facts: RuleFacts) => Verdict;
  return { rule: rule.kind, required: rule.required, ...judge(rule, facts) };
}
