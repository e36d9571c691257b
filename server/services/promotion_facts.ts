/** What a promotion is judged by: the model's policy, and the facts that its rules look at. @module */
import {
  defaultPolicy,
  type Lineage,
  type Policy,
  type Review,
  type RuleResult,
} from "../../lib/contracts/governance/mod.ts";
import type { ModelVersion, Run } from "../../lib/contracts/mlflow/mod.ts";
import type { Database } from "../db/database.ts";
import * as table from "../db/promotions.ts";
import { ApiError } from "../errors.ts";
import { judgeRule, type RuleFacts } from "./policy_rules.ts";
import { readLineage } from "./promotion_lineage.ts";
import type { RegistryService } from "./registry.ts";
import type { TrackingService } from "./tracking.ts";

export interface FactsOptions {
  db: Database;
  registry: Pick<RegistryService, "getModel" | "getVersion">;
  tracking: Pick<TrackingService, "getRun">;
  /** Latency of a version as serving measured it, or null. */
  measuredLatency?: (model: string, version: string) => Promise<RuleFacts["measuredLatency"]>;
}

/** The policy of a model and the facts of a request, once gathered. */
export interface Gathered {
  policy: Policy;
  facts: Omit<RuleFacts, "approvals">;
}

/** Reads policies and facts, and judges the ones by the others. */
export function createPromotionFacts(options: FactsOptions) {
  const { db, registry, tracking } = options;

  async function runOf(version: ModelVersion): Promise<Run | null> {
    if (!version.run_id) return null;
    try {
      return await tracking.getRun(version.run_id);
    } catch (error) {
      if (error instanceof ApiError && error.status === 404) return null;
      throw error;
    }
  }

  async function policyOf(model: string): Promise<Policy> {
    return (await table.findPolicy(db, model))?.policy ?? defaultPolicy;
  }

  /** All that the rules look at but the approvals, which are read when the request is decided. */
  async function gather(
    model: string,
    version: string,
    requestedBy: string,
  ): Promise<Gathered> {
    const found = await registry.getVersion(model, version);
    const run = await runOf(found);
    const lineage = readLineage(found, run);
    const openAlerts = await table.listAlerts(db, {
      model,
      version: Number(version),
      isOpen: true,
      limit: 100,
    });
    const facts = {
      lineage,
      metrics: new Map((run?.data.metrics ?? []).map((m) => [m.key, m.value])),
      runTags: new Map((run?.data.tags ?? []).map((t) => [t.key, t.value])),
      versionTags: new Map((found.tags ?? []).map((t) => [t.key, t.value])),
      measuredLatency: await options.measuredLatency?.(model, version) ?? null,
      openAlerts,
      authors: new Set([requestedBy, ...(lineage.author === null ? [] : [lineage.author])]),
    };
    return { policy: await policyOf(model), facts };
  }

  function judge(
    { policy, facts }: Gathered,
    approvals: readonly Review[],
  ): RuleResult[] {
    return policy.rules.map((rule) => judgeRule(rule, { ...facts, approvals }));
  }

  async function lineage(model: string, version: string): Promise<Lineage> {
    const found = await registry.getVersion(model, version);
    return readLineage(found, await runOf(found));
  }

  return { policyOf, gather, judge, lineage };
}
