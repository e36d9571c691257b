/**
 * Promotions: who may let which version of a model answer, why, and the way back.
 *
 * A request is held against the model's policy. When every required rule is met it is applied at
 * once: the alias moves to the version and the version it left gets the alias `previous`. Else it
 * waits, and is looked at again with each approval and on request.
 * @module
 */
import {
  type AliasChange,
  defaultPolicy,
  type Lineage,
  type ModelPolicy,
  type NewPromotion,
  type Policy,
  type Promotion,
  type PromotionStatus,
  type Review,
  type RuleResult,
} from "../../lib/contracts/governance/mod.ts";
import type { Sql } from "../db/database.ts";
import * as table from "../db/promotions.ts";
import { ApiError, invalid, notFound } from "../errors.ts";
import type { AuditLog } from "./audit_log.ts";
import type { Clock } from "./clock.ts";
import type { EventHub } from "./events.ts";
import { type Actor, createModelAlerts, type ModelAlertService } from "./promotions_alerts.ts";
import { createPromotionFacts, type FactsOptions } from "./promotion_facts.ts";

export type { Actor } from "./promotions_alerts.ts";

/** The alias that keeps the version which answered before. */
export const previousAlias = "previous";

export interface PromotionService extends ModelAlertService {
  /** Asks for a promotion; a pending request for the same is looked at again instead. */
  request(request: NewPromotion, actor: Actor): Promise<Promotion>;
  get(id: string): Promise<Promotion>;
  list(
    query: { model?: string; version?: string; status?: PromotionStatus; limit?: number },
  ): Promise<Promotion[]>;
  /** Looks at a pending request again; applies it when its required rules are met by now. */
  evaluate(id: string, actor: Actor): Promise<Promotion>;
  approve(id: string, text: string, actor: Actor): Promise<Promotion>;
  reject(id: string, text: string, actor: Actor): Promise<Promotion>;
  comment(id: string, text: string, actor: Actor): Promise<Promotion>;
  /** Moves the alias back to the version that it pointed at before. */
  rollback(model: string, alias: string, actor: Actor, reason?: string): Promise<AliasChange>;
  aliasHistory(model: string): Promise<AliasChange[]>;
  lineage(model: string, version: string): Promise<Lineage>;

  policy(model: string): Promise<ModelPolicy>;
  setPolicy(model: string, policy: Policy, actor: Actor): Promise<ModelPolicy>;
  /** Whether the alias may only be moved by a promotion: the model's policy requires something. */
  isGoverned(model: string, alias: string): Promise<boolean>;
}

export interface PromotionOptions extends FactsOptions {
  clock: Clock;
  audit: AuditLog;
  events: EventHub;
}

const isOfKind = (decision: Review["decision"]) => (r: Review) => r.decision === decision;

function toPromotion(row: table.PromotionRow): Promotion {
  return {
    id: row.id,
    model: row.model,
    version: String(row.version),
    alias: row.alias,
    status: row.status,
    rules: row.rules,
    approvals: row.reviews.filter(isOfKind("approve")),
    comments: row.reviews.filter((r) => !isOfKind("approve")(r) || r.text !== ""),
    lineage: row.lineage,
    previousVersion: row.previous_version === null ? null : String(row.previous_version),
    createdBy: row.created_by,
    createdAt: row.created_at,
    decidedBy: row.decided_by,
    decidedAt: row.decided_at,
  };
}

/** Promotions over the database, the registry and the runs. */
export function createPromotionService(options: PromotionOptions): PromotionService {
  const { db, clock, audit, events, registry } = options;
  const { policyOf, gather, judge, lineage } = createPromotionFacts(options);

  /** Moves `alias`; the version that it leaves gets `previous`. Gives that version. */
  async function point(
    tx: Sql,
    change: Omit<AliasChange, "version" | "previousVersion" | "changedAt"> & { version: number },
  ): Promise<number | null> {
    const now = clock.now();
    await table.lockModel(tx, change.model, now);
    const before = await table.findAlias(tx, change.model, change.alias);
    if (before === change.version) return before;
    await table.moveAlias(tx, change.model, change.alias, change.version);
    // Another alias than champion has no such memory: `previous` is the champion's.
    if (before !== null && change.alias === "champion") {
      await table.moveAlias(tx, change.model, previousAlias, before);
    }
    await table.insertAliasChange(tx, { ...change, previousVersion: before, changedAt: now });
    return before;
  }

  function tell(promotion: Promotion): void {
    const { id, model, version, alias, status } = promotion;
    events.emit({ kind: "promotion.changed", id, data: { model, version, alias, status } });
    if (status === "applied") tellAlias(model, alias, version);
  }

  function tellAlias(model: string, alias: string, version: string): void {
    events.emit({ kind: "alias.set", id: model, data: { alias, version } });
    if (alias === "champion") {
      events.emit({ kind: "deployment.changed", id: model, data: { alias, version } });
    }
  }

  async function read(id: string): Promise<Promotion> {
    const row = await table.findPromotion(db, id);
    if (!row) throw notFound(`Promotion with id=${id} not found`);
    return toPromotion(row);
  }

  /**
   * Adds the review, judges the request anew and applies or rejects it, in one transaction; a
   * decided request takes comments only.
   */
  async function act(id: string, actor: Actor, review: Review | null): Promise<Promotion> {
    const before = await read(id);
    const isComment = review?.decision === "comment";
    if (before.status !== "pending" && !isComment) {
      throw new ApiError(
        "INVALID_STATE",
        `Cannot ${
          review?.decision ?? "evaluate"
        } promotion ${id}: its status must be pending, got ` +
          before.status,
      );
    }
    if (isComment) {
      await db.transaction(async (tx) => {
        await table.insertReview(tx, id, review);
        await audit.appendIn(tx, entry("promotion.comment", before, actor, { text: review.text }));
      });
    } else {
      const gathered = await gather(before.model, before.version, before.createdBy);
      await db.transaction(async (tx) => {
        // Locked, so that the last of several approvers at the same time sees them all.
        const row = await table.findPromotion(tx, id, { lock: true });
        if (row?.status !== "pending") {
          throw new ApiError(
            "INVALID_STATE",
            `Cannot decide promotion ${id}: its status must be pending, got ${row?.status}`,
          );
        }
        if (review) {
          await table.insertReview(tx, id, review);
          await audit.appendIn(
            tx,
            entry(`promotion.${review.decision}`, before, actor, { text: review.text }),
          );
        }
        const { approvals } = toPromotion((await table.findPromotion(tx, id))!);
        const rules = judge(gathered, approvals);
        await settle(tx, before, rules, actor, review?.decision === "reject");
      });
    }
    await audit.anchor();
    const after = await read(id);
    tell(after);
    return after;
  }

  /** Writes the verdicts, and applies or rejects. */
  async function settle(
    tx: Sql,
    promotion: Pick<Promotion, "id" | "model" | "version" | "alias">,
    rules: RuleResult[],
    actor: Actor,
    isRejected: boolean,
  ): Promise<void> {
    const isMet = rules.every((r) => r.passed || !r.required);
    const status = isRejected ? "rejected" : isMet ? "applied" : "pending";
    const isDecided = status !== "pending";
    const previousVersion = status === "applied"
      ? await point(tx, {
        model: promotion.model,
        alias: promotion.alias,
        version: Number(promotion.version),
        reason: "promotion",
        promotionId: promotion.id,
        changedBy: actor.name,
      })
      : null;
    await table.updatePromotion(tx, promotion.id, {
      status,
      rules,
      previousVersion,
      decidedBy: isDecided ? actor.name : null,
      decidedAt: isDecided ? clock.now() : null,
    });
    if (status !== "applied") return;
    await audit.appendIn(
      tx,
      entry("promotion.apply", promotion, actor, {
        previousVersion: previousVersion === null ? null : String(previousVersion),
        failedRules: rules.filter((r) => !r.passed).map((r) => r.rule),
      }),
    );
  }

  function entry(
    action: string,
    promotion: Pick<Promotion, "id" | "model" | "version" | "alias">,
    actor: Actor,
    details: Record<string, unknown> = {},
  ) {
    const { id, model, version, alias } = promotion;
    return {
      actor: actor.name,
      action,
      target: `model:${model}/${version}`,
      details: { promotion: id, alias, ...details },
      requestId: actor.requestId,
    };
  }

  return {
    async request({ model, version, alias, comment }, actor) {
      const gathered = await gather(model, version, actor.name);
      const rules = judge(gathered, []);
      const id = crypto.randomUUID();
      const promotion = { id, model, version, alias };
      const isNew = await db.transaction(async (tx) => {
        const isInserted = await table.insertPromotion(tx, {
          ...promotion,
          version: Number(version),
          status: "pending",
          rules,
          lineage: gathered.facts.lineage,
          created_by: actor.name,
          created_at: clock.now(),
        });
        if (!isInserted) return false;
        if (comment) {
          await table.insertReview(tx, id, {
            author: actor.name,
            decision: "comment",
            text: comment,
            at: clock.now(),
          });
        }
        await audit.appendIn(tx, entry("promotion.request", promotion, actor, { comment }));
        await settle(tx, promotion, rules, actor, false);
        return true;
      });
      if (!isNew) {
        const open = await table.findPendingPromotion(db, model, Number(version), alias);
        if (open) return await act(open.id, actor, null);
        throw new ApiError(
          "RESOURCE_CONFLICT",
          `Cannot ask for promotion of ${model}/${version}: another request was decided meanwhile; ` +
            "ask again",
        );
      }
      await audit.anchor();
      const made = await read(id);
      tell(made);
      return made;
    },
    get: read,
    async list({ model, version, status, limit }) {
      const rows = await table.listPromotions(db, {
        model,
        version: version === undefined ? undefined : Number(version),
        status,
        limit: Math.min(1000, limit ?? 100),
      });
      return rows.map(toPromotion);
    },
    evaluate: (id, actor) => act(id, actor, null),
    async approve(id, text, actor) {
      const { createdBy, lineage: { author } } = await read(id);
      if (actor.name === createdBy || actor.name === author) {
        throw new ApiError(
          "PERMISSION_DENIED",
          `Cannot approve promotion ${id}: the approver must not be its author, got ${actor.name}`,
        );
      }
      const at = clock.now();
      return await act(id, actor, { author: actor.name, decision: "approve", text, at });
    },
    async reject(id, text, actor) {
      const at = clock.now();
      return await act(id, actor, { author: actor.name, decision: "reject", text, at });
    },
    async comment(id, text, actor) {
      if (text.trim() === "") {
        throw invalid("Cannot comment on promotion: text must not be empty");
      }
      const at = clock.now();
      return await act(id, actor, { author: actor.name, decision: "comment", text, at });
    },
    async rollback(model, alias, actor, reason) {
      await registry.getModel(model);
      const change = await db.transaction(async (tx) => {
        await table.lockModel(tx, model, clock.now());
        const current = await table.findAlias(tx, model, alias);
        const target = alias === "champion"
          ? await table.findAlias(tx, model, previousAlias)
          : (await table.listAliasChanges(tx, model, 1000))
            .find((c) => c.alias === alias)?.previousVersion;
        if (target === null || target === undefined || Number(target) === current) {
          throw new ApiError(
            "INVALID_STATE",
            `Cannot roll back model ${model}: alias ${alias} must have pointed at another version ` +
              `before, got ${current === null ? "no version" : `only version ${current}`}`,
          );
        }
        const version = Number(target);
        const made = {
          model,
          alias,
          version,
          reason: "rollback" as const,
          promotionId: null,
          changedBy: actor.name,
        };
        const previousVersion = await point(tx, made);
        await audit.appendIn(tx, {
          actor: actor.name,
          action: "promotion.rollback",
          target: `model:${model}/${version}`,
          details: { alias, from: previousVersion, reason },
          requestId: actor.requestId,
        });
        return { ...made, previousVersion, changedAt: clock.now() };
      });
      await audit.anchor();
      tellAlias(model, alias, String(change.version));
      return {
        ...change,
        version: String(change.version),
        previousVersion: change.previousVersion === null ? null : String(change.previousVersion),
      };
    },
    aliasHistory: (model) => table.listAliasChanges(db, model, 1000),
    lineage,

    async policy(model) {
      await registry.getModel(model);
      const row = await table.findPolicy(db, model);
      return {
        model,
        policy: row?.policy ?? defaultPolicy,
        isDefault: row === null,
        updatedBy: row?.updated_by ?? null,
        updatedAt: row?.updated_at ?? null,
      };
    },
    async setPolicy(model, policy, actor) {
      await registry.getModel(model);
      await db.transaction(async (tx) => {
        const before = (await table.findPolicy(tx, model))?.policy ?? null;
        await table.savePolicy(tx, model, policy, actor.name, clock.now());
        await audit.appendIn(tx, {
          actor: actor.name,
          action: "policy.set",
          target: `model:${model}`,
          details: { before, after: policy },
          requestId: actor.requestId,
        });
      });
      await audit.anchor();
      return await this.policy(model);
    },
    async isGoverned(model, alias) {
      if (alias !== "champion" && alias !== previousAlias) return false;
      return (await policyOf(model)).rules.some((rule) => rule.required);
    },

    ...createModelAlerts({ db, clock, audit, events, registry }),
  };
}
