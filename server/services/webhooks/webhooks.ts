/** Webhooks of the registry, as MLflow has them: kept, tested, and told what happens. @module */
import type { Database } from "../../db/database.ts";
import * as store from "../../db/webhooks.ts";
import { invalid, notFound } from "../../errors.ts";
import type { Logger } from "../../log.ts";
import type { Clock } from "../clock.ts";
import type { EventHub, ServerEvent } from "../events.ts";
import type { RegistryService } from "../registry.ts";
import type { SecretService } from "../secrets.ts";
import { pythonRepr } from "../validation.ts";
import { deliver, type DeliveryResult } from "./deliver.ts";
import { examples, happeningOf, isPrompt } from "./payloads.ts";
import { publicAddresses, type Resolve } from "./public_address.ts";

export interface Webhook {
  webhook_id: string;
  name: string;
  description?: string;
  url: string;
  events: store.WebhookEvent[];
  status: "ACTIVE" | "DISABLED";
  creation_timestamp: number;
  last_updated_timestamp: number;
}

export interface WebhookChanges {
  name?: string;
  description?: string;
  url?: string;
  events?: store.WebhookEvent[];
  secret?: string;
  status?: "ACTIVE" | "DISABLED";
}

export interface WebhookService {
  create(
    hook: WebhookChanges & { name: string; url: string; events: store.WebhookEvent[] },
    caller: string,
  ): Promise<Webhook>;
  get(id: string): Promise<Webhook>;
  list(
    maxResults: number,
    pageToken?: string,
  ): Promise<{ items: Webhook[]; nextPageToken?: string }>;
  update(id: string, changes: WebhookChanges, caller: string): Promise<Webhook>;
  delete(id: string, caller: string): Promise<void>;
  /** Sends an example of the event now. */
  test(id: string, event?: store.WebhookEvent): Promise<DeliveryResult>;
  /** Resolves when everything that happened so far was delivered or given up. */
  idle(): Promise<void>;
  close(): Promise<void>;
}

const tries = 3;
const secretName = (id: string) => `webhook/${id}`;

function toWebhook(row: store.WebhookRow): Webhook {
  return {
    webhook_id: row.webhook_id,
    name: row.name,
    description: row.description ?? undefined,
    url: row.url,
    events: row.events,
    status: row.status,
    creation_timestamp: row.creation_time,
    last_updated_timestamp: row.last_update_time,
  };
}

export function createWebhookService(deps: {
  db: Database;
  clock: Clock;
  log: Logger;
  events: EventHub;
  registry: RegistryService;
  secrets: SecretService;
  allowed: readonly string[];
  resolve?: Resolve;
  /** Waits before another try; grows with each. */
  backoffMs?: number;
}): WebhookService {
  const { db, clock, log, registry, secrets, allowed, resolve, backoffMs = 1000 } = deps;
  const pending = new Set<Promise<void>>();

  async function find(id: string): Promise<store.WebhookRow> {
    const row = await store.findWebhook(db, id);
    if (!row) throw notFound(`Webhook with ID ${id} not found.`);
    return row;
  }

  async function check(changes: WebhookChanges): Promise<void> {
    const { name, url, events } = changes;
    if (name !== undefined && !/^(?=.{1,63}$)[a-z0-9]([a-z0-9._-]*[a-z0-9])?$/i.test(name)) {
      throw invalid(
        `Webhook name ${pythonRepr(name)} is invalid. It must start and end with a letter or ` +
          "digit, be less than 63 characters long, and contain only letters, digits, dots (.), " +
          "underscores (_), and hyphens (-).",
      );
    }
    if (url !== undefined) {
      if (!url.trim()) {
        throw invalid(`Webhook URL cannot be empty or just whitespace: ${pythonRepr(url)}`);
      }
      // A name that cannot be looked up now may be one later; each delivery looks it up anew.
      await publicAddresses(url, { allowed, resolve, mayBeUnknown: true });
    }
    if (
      events !== undefined && (events.length === 0 || events.some((e) => !e.entity || !e.action))
    ) {
      throw invalid("Webhook events must be a non-empty list of entities with actions.");
    }
  }

  async function send(
    row: store.WebhookRow,
    event: store.WebhookEvent,
    data: Record<string, unknown>,
  ) {
    return await deliver({
      url: row.url,
      secret: row.secret ? await secrets.reveal(secretName(row.webhook_id)) : undefined,
      entity: (event.entity ?? "").toLowerCase(),
      action: (event.action ?? "").toLowerCase(),
      data,
      allowed,
      resolve,
      now: clock.now(),
    });
  }

  async function tell(hooks: readonly store.WebhookRow[], event: store.WebhookEvent, data: object) {
    await Promise.all(hooks.map(async (hook) => {
      for (let attempt = 1; attempt <= tries; attempt++) {
        const result = await send(hook, event, { ...data });
        const status = result.response_status;
        if (result.success) return;
        if (attempt === tries || status !== undefined && status < 500 && status !== 429) {
          log.warn("webhook not delivered", { webhook: hook.name, ...result });
          return;
        }
        await new Promise((done) => setTimeout(done, backoffMs * 2 ** (attempt - 1)));
      }
    }));
  }

  async function onEvent(event: ServerEvent): Promise<void> {
    const happening = happeningOf(event, registry);
    if (!happening) return;
    const { ofModel, ofPrompt } = happening;
    const [modelHooks, promptHooks] = await Promise.all([
      ofModel ? store.webhooksFor(db, ofModel) : [],
      store.webhooksFor(db, ofPrompt),
    ]);
    if (modelHooks.length + promptHooks.length === 0) return;
    const aPrompt = isPrompt((await registry.getModel(happening.name)).tags);
    const hooks = aPrompt ? promptHooks : modelHooks;
    const told = aPrompt ? ofPrompt : ofModel;
    if (told && hooks.length > 0) await tell(hooks, told, await happening.payload(aPrompt));
  }

  const kinds = [
    "model.created",
    "model.updated",
    "version.created",
    "version.updated",
    "alias.set",
    "alias.deleted",
  ] as const;
  const stops = kinds.map((kind) =>
    deps.events.on(kind, (event) => {
      const done: Promise<void> = onEvent(event)
        .catch((error) => log.error("webhooks failed", { error: String(error) }))
        .finally(() => pending.delete(done));
      pending.add(done);
    })
  );
  const idle = async () => {
    while (pending.size) await Promise.all(pending);
  };

  return {
    async create(hook, caller) {
      await check(hook);
      const now = clock.now();
      const row: store.WebhookRow = {
        webhook_id: crypto.randomUUID(),
        name: hook.name,
        description: hook.description ?? null,
        url: hook.url,
        events: hook.events,
        secret: hook.secret ? "sealed" : null,
        status: hook.status ?? "ACTIVE",
        creation_time: now,
        last_update_time: now,
      };
      if (hook.secret) {
        const name = secretName(row.webhook_id);
        await secrets.set({ name, value: hook.secret, kind: "webhook" }, { name: caller });
      }
      await store.insertWebhook(db, row);
      return toWebhook(row);
    },

    get: async (id) => toWebhook(await find(id)),

    async list(maxResults, pageToken) {
      if (maxResults < 1 || maxResults > 1000) {
        throw invalid("max_results must be between 1 and 1000.");
      }
      let after: { time: number; id: string } | undefined;
      if (pageToken) {
        const match = /^(\d+)_([\w-]+)$/.exec(pageToken);
        if (!match) throw invalid("Invalid page token, could not base64-decode");
        after = { time: Number(match[1]), id: match[2] };
      }
      const rows = await store.listWebhooks(db, maxResults + 1, after);
      const items = rows.slice(0, maxResults);
      const last = items.at(-1);
      const more = rows.length > maxResults && last;
      return {
        items: items.map(toWebhook),
        nextPageToken: more ? `${last.creation_time}_${last.webhook_id}` : undefined,
      };
    },

    async update(id, changes, caller) {
      await check(changes);
      const row = await find(id);
      if (changes.secret) {
        const secret = { name: secretName(id), value: changes.secret, kind: "webhook" };
        await secrets.set(secret, { name: caller });
      }
      const updated: store.WebhookRow = {
        ...row,
        name: changes.name ?? row.name,
        description: changes.description ?? row.description,
        url: changes.url ?? row.url,
        events: changes.events ?? row.events,
        secret: changes.secret === undefined ? row.secret : changes.secret ? "sealed" : null,
        status: changes.status ?? row.status,
        last_update_time: clock.now(),
      };
      await store.updateWebhook(db, updated);
      return toWebhook(updated);
    },

    async delete(id, caller) {
      const row = await find(id);
      await store.deleteWebhook(db, id);
      if (row.secret) await secrets.remove(secretName(id), { name: caller });
    },

    async test(id, event) {
      const row = await find(id);
      const chosen = event?.entity ? event : row.events[0];
      const data = examples[`${chosen.entity}.${chosen.action}`] ?? { name: "example_model" };
      return await send(row, chosen, data);
    },

    idle,

    async close() {
      for (const stop of stops) stop();
      await idle();
    },
  };
}
