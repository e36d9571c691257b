/** Alerts of models: raised by monitoring or people, resolved by people, looked at by policies. @module */
import type { ModelAlert } from "../../lib/contracts/governance/mod.ts";
import * as table from "../db/promotions.ts";
import { notFound } from "../errors.ts";
import type { PromotionOptions } from "./promotions.ts";

/** Who acts, and in which request. */
export interface Actor {
  name: string;
  requestId?: string;
}

export interface ModelAlertService {
  raiseAlert(
    model: string,
    alert: { version?: string; kind: string; message: string },
    actor: Actor,
  ): Promise<ModelAlert>;
  resolveAlert(model: string, id: string, text: string, actor: Actor): Promise<ModelAlert>;
  alerts(model: string, isOpen?: boolean): Promise<ModelAlert[]>;
}

/** Alerts over the database; each change is in the audit log. */
export function createModelAlerts(
  { db, clock, audit, events, registry }: Pick<
    PromotionOptions,
    "db" | "clock" | "audit" | "events" | "registry"
  >,
): ModelAlertService {
  return {
    async raiseAlert(model, { version, kind, message }, actor) {
      await registry.getModel(model);
      if (version !== undefined) await registry.getVersion(model, version);
      const id = crypto.randomUUID();
      const alert = { id, model, kind, message, raisedAt: clock.now() };
      await db.transaction(async (tx) => {
        await table.insertAlert(tx, {
          ...alert,
          version: version === undefined ? null : Number(version),
        });
        await audit.appendIn(tx, {
          actor: actor.name,
          action: "alert.raise",
          target: `model:${model}`,
          details: { id, kind, message, version },
          requestId: actor.requestId,
        });
      });
      await audit.anchor();
      events.emit({ kind: "alert", id: model, data: { alert: id, kind, message, version } });
      return {
        ...alert,
        version: version ?? null,
        resolvedAt: null,
        resolvedBy: null,
        resolution: null,
      };
    },
    async resolveAlert(model, id, text, actor) {
      const resolved = await db.transaction(async (tx) => {
        const alert = await table.resolveAlert(tx, model, id, actor.name, clock.now(), text);
        if (!alert) throw notFound(`Open alert with id=${id} of model ${model} not found`);
        await audit.appendIn(tx, {
          actor: actor.name,
          action: "alert.resolve",
          target: `model:${model}`,
          details: { id, text },
          requestId: actor.requestId,
        });
        return alert;
      });
      await audit.anchor();
      events.emit({ kind: "alert", id: model, data: { alert: id, resolved: true } });
      return resolved;
    },
    async alerts(model, isOpen) {
      await registry.getModel(model);
      return await table.listAlerts(db, { model, isOpen, limit: 1000 });
    },
  };
}
