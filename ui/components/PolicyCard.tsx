/** What a version must show before it is promoted, as data that a reviewer may change. @module */
import type { PolicyRule } from "../../lib/contracts/governance/mod.ts";
import { formatNumber, formatPercent } from "../models/format.ts";
import type { ModelPage } from "../models/model_page.ts";
import { Card } from "./parts.tsx";
import { ruleName } from "./Rules.tsx";
import { Loaded } from "./State.tsx";

/** A rule's limit in words. */
export function ruleLimit(rule: PolicyRule): string {
  switch (rule.kind) {
    case "minDeflatedSharpe":
      return `at least ${formatNumber(rule.min)}`;
    case "maxDrawdown":
      return `no worse than ${formatPercent(rule.worst)}`;
    case "walkForward":
      return `at least ${rule.minFolds} folds`;
    case "latencyBudget":
      return `p99 within ${formatNumber(rule.p99Ms)} ms`;
    case "onnxParity":
      return `differs by at most ${rule.maxDifference}`;
    case "lineage":
      return rule.parts.join(", ");
    case "metric":
      return [
        rule.key,
        rule.min === undefined ? "" : `\u2265 ${formatNumber(rule.min)}`,
        rule.max === undefined ? "" : `\u2264 ${formatNumber(rule.max)}`,
      ].filter(Boolean).join(" ");
    case "approval":
      return `${rule.count} ${rule.count === 1 ? "reviewer" : "reviewers"}`;
    case "noUnresolvedDrift":
      return "";
  }
}

export function PolicyCard({ page }: { page: ModelPage }) {
  return (
    <Card title="Policy" padded={false} foot="A promotion waits until every required rule is met.">
      <Loaded resource={page.policy} lines={5}>
        {({ policy }) => (
          <table class="table" data-testid="policy">
            <thead>
              <tr>
                <th>Rule</th>
                <th class="right">Required</th>
              </tr>
            </thead>
            <tbody>
              {policy.rules.map((rule, i) => (
                <tr key={i}>
                  <td>
                    {ruleName(rule.kind)}
                    <div class="faint">{ruleLimit(rule)}</div>
                  </td>
                  <td class="right">
                    <input
                      type="checkbox"
                      class="checkbox"
                      checked={rule.required}
                      disabled={page.busy.value !== null}
                      aria-label={`${ruleName(rule.kind)} is required`}
                      data-testid={`required-${rule.kind}`}
                      onChange={(event) =>
                        page.setRequired(rule.kind, i, event.currentTarget.checked)}
                    />
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        )}
      </Loaded>
    </Card>
  );
}
