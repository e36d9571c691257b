/** What each rule of a policy said about a version, and why. @module */
import type { RuleResult } from "../../lib/contracts/governance/mod.ts";
import { Icon } from "./Icon.tsx";
import { Badge } from "./parts.tsx";

const names: Record<string, string> = {
  minDeflatedSharpe: "Deflated Sharpe ratio",
  maxDrawdown: "Maximum drawdown",
  walkForward: "Walk-forward folds",
  latencyBudget: "Latency budget",
  onnxParity: "ONNX graph equals the trained model",
  noUnresolvedDrift: "No unresolved drift alert",
  lineage: "Lineage",
  metric: "Metric",
  approval: "Approval by someone else",
};

/** A rule's name for people. */
export function ruleName(kind: string): string {
  return names[kind] ?? kind;
}

export function Rules({ rules }: { rules: readonly RuleResult[] }) {
  return (
    <ul class="rules" data-testid="rules">
      {rules.map((rule, i) => (
        <li
          class="rule"
          key={`${rule.rule}-${i}`}
          data-testid={`rule-${rule.rule}`}
          data-passed={rule.passed}
        >
          <span class={rule.passed ? "good" : rule.required ? "bad" : "faint"}>
            <Icon name={rule.passed ? "circleCheck" : "circleCross"} />
          </span>
          <span class="inline-field" style={{ color: "var(--text)" }}>
            <strong>{ruleName(rule.rule)}</strong>
            <span class="visually-hidden">{rule.passed ? "passed" : "failed"}</span>
            {rule.required ? <Badge tone="accent">required</Badge> : <Badge>advisory</Badge>}
          </span>
          <p>{rule.message}</p>
        </li>
      ))}
    </ul>
  );
}
