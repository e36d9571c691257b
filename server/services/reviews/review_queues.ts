/** Queues of traces that people are to review (MLflow 3). @module */
import type { Database, Sql } from "../../db/database.ts";
import { knownLabelSchemas } from "../../db/label_schemas.ts";
import * as store from "../../db/review_queues.ts";
import { findTraces } from "../../db/traces.ts";
import { alreadyExists, ApiError, invalid, notFound } from "../../errors.ts";
import type { Clock } from "../clock.ts";
import type { Page, TrackingService } from "../tracking.ts";
import { pythonRepr } from "../validation.ts";
import { activeExperiment, lengthOf, newId, pageSize, type Reviewer } from "./_limits.ts";

/** As MLflow's message has it. */
export interface ReviewQueue {
  queue_id: string;
  experiment_id: string;
  name: string;
  queue_type: store.QueueType;
  created_by?: string;
  creation_time_ms: number;
  last_update_time_ms: number;
  users?: string[];
  schema_ids?: string[];
}

export interface ReviewItem {
  queue_id: string;
  item_type: "TRACE";
  item_id: string;
  status: store.ReviewStatus;
  creation_time_ms: number;
  last_update_time_ms: number;
  completed_by?: string;
  completed_time_ms?: number;
}

/** What changes of a queue; what is absent stays. */
export interface QueueChange {
  users?: string[];
  schemaIds?: string[];
  name?: string;
  newOwner?: string;
}

export interface ReviewQueueService {
  create(
    queue: {
      experimentId: string;
      name: string;
      type?: store.QueueType;
      users?: string[];
      schemaIds?: string[];
    },
    reviewer: Reviewer,
  ): Promise<ReviewQueue>;
  /** The queue of a person's own, made where it is not there. */
  userQueue(experimentId: string, user: string): Promise<ReviewQueue>;
  get(queueId: string): Promise<ReviewQueue>;
  getByName(experimentId: string, name: string): Promise<ReviewQueue>;
  list(experimentId: string, query: {
    user?: string;
    itemId?: string;
    maxResults?: number;
    pageToken?: string;
  }): Promise<Page<ReviewQueue>>;
  /** Only its owner gives a queue away, where people sign in; `isAdmin` lets anyone. */
  update(
    queueId: string,
    change: QueueChange,
    reviewer: Reviewer,
    isAdmin: boolean,
  ): Promise<ReviewQueue>;
  /** Does nothing where it is not there. */
  remove(queueId: string): Promise<void>;
  addItems(queueId: string, itemIds: string[]): Promise<ReviewItem[]>;
  removeItems(queueId: string, itemIds: string[]): Promise<void>;
  listItems(queueId: string, query: {
    status?: store.ReviewStatus;
    maxResults?: number;
    pageToken?: string;
  }): Promise<Page<ReviewItem>>;
  setStatus(
    queueId: string,
    itemId: string,
    status: store.ReviewStatus | undefined,
    completedBy: string | undefined,
  ): Promise<ReviewItem>;
}

const most = { name: 250, user: 250, schemaId: 36, itemId: 50, users: 10, items: 1000 };
const defaultResults = 1000;
const reservedName = "default";

const toQueue = (row: store.Queue): ReviewQueue => ({
  queue_id: row.queue_id,
  experiment_id: String(row.experiment_id),
  name: row.name,
  queue_type: row.queue_type,
  created_by: row.created_by ?? undefined,
  creation_time_ms: row.creation_time_ms,
  last_update_time_ms: row.last_update_time_ms,
  users: row.users ?? undefined,
  schema_ids: row.schema_ids ?? undefined,
});

const toItem = (row: store.QueueItem): ReviewItem => ({
  queue_id: row.queue_id,
  item_type: "TRACE",
  item_id: row.item_id,
  status: row.status,
  creation_time_ms: row.creation_time_ms,
  last_update_time_ms: row.last_update_time_ms,
  completed_by: row.completed_by ?? undefined,
  completed_time_ms: row.completed_time_ms ?? undefined,
});

function checkText(value: string, field: string, limit: number): string {
  if (value === "") throw invalid(`\`${field}\` must be a non-empty string; got ''.`);
  if (lengthOf(value) > limit) {
    throw invalid(`\`${field}\` must be at most ${limit} characters; got ${lengthOf(value)}.`);
  }
  return value;
}

const userOf = (user: string) => user.trim().toLowerCase();

function usersOf(users: readonly string[] = []): string[] {
  const all = [...new Set(users.map((user) => checkText(userOf(user), "user", most.user)))];
  if (all.length > most.users) {
    throw invalid(
      `A review queue can have at most ${most.users} assigned users; got ${all.length}.`,
    );
  }
  return all;
}

const schemaIdsOf = (ids: readonly string[] = []) => [
  ...new Set(ids.map((id) => checkText(id.trim(), "schema_id", most.schemaId))),
];

function itemIdsOf(ids: readonly string[]): string[] {
  if (ids.length === 0) throw invalid("`item_ids` must be a non-empty list; got [].");
  const all = [...new Set(ids.map((id) => checkText(id.trim(), "item_id", most.itemId)))];
  if (all.length > most.items) {
    throw invalid(`\`item_ids\` must have at most ${most.items} entries; got ${all.length}.`);
  }
  return all;
}

function customName(name: string): string {
  const text = checkText(name.trim(), "name", most.name);
  if (text.toLowerCase() === reservedName) {
    throw invalid(`\`${text}\` is a reserved queue name and cannot be used for a custom queue.`);
  }
  return text;
}

const listed = (texts: readonly string[]) => `[${texts.map(pythonRepr).join(", ")}]`;

const taken = (name: string) =>
  alreadyExists(`Review queue with name '${name}' already exists (names are case-insensitive).`);

export function createReviewQueueService(
  { db, clock, tracking }: { db: Database; clock: Clock; tracking: TrackingService },
): ReviewQueueService {
  async function find(sql: Sql, queueId: string, lock = false): Promise<store.Queue> {
    const row = await store.findQueue(sql, queueId, lock);
    if (!row) throw notFound(`Review queue with id '${queueId}' not found.`);
    return row;
  }

  async function checkSchemas(sql: Sql, experimentId: number, ids: readonly string[]) {
    const known = await knownLabelSchemas(sql, experimentId, ids);
    const missing = ids.filter((id) => !known.includes(id));
    if (missing.length) {
      throw invalid(
        `Label schema id(s) ${listed(missing)} not found for experiment '${experimentId}'.`,
      );
    }
  }

  async function getByName(experimentId: string, name: string): Promise<ReviewQueue> {
    const id = await activeExperiment(tracking, experimentId);
    const row = await store.findQueueByName(db, id, name);
    if (!row) {
      throw notFound(`Review queue with name '${name}' not found for experiment '${id}'.`);
    }
    return toQueue(row);
  }

  const service: ReviewQueueService = {
    async create({ experimentId: of, name: given, type, ...more }, reviewer) {
      if (!type) {
        throw invalid(
          "`queue_type` must be one of USER or CUSTOM; got proto enum value 0.",
        );
      }
      let users = usersOf(more.users);
      const schemaIds = schemaIdsOf(more.schemaIds);
      const name = type === "CUSTOM"
        ? customName(given)
        : checkText(userOf(given), "name", most.name);
      if (type === "USER") {
        if (users.length === 0) users = [name];
        if (users.length > 1 || users[0] !== name) {
          throw invalid(
            "A user queue must have exactly one assigned user equal to its name; " +
              `got name=${pythonRepr(name)} and users=${listed(users)}.`,
          );
        }
        if (schemaIds.length) {
          throw invalid(
            "A user queue cannot have explicitly-attached schemas; it resolves to all of the " +
              "experiment's label schemas.",
          );
        }
      }
      const experimentId = await activeExperiment(tracking, of);
      const queueId = newId("rq");
      const now = clock.now();
      return await db.transaction(async (tx) => {
        await checkSchemas(tx, experimentId, schemaIds);
        const isNew = await store.insertQueue(tx, {
          queue_id: queueId,
          experiment_id: experimentId,
          name,
          queue_type: type,
          created_by: reviewer,
          creation_time_ms: now,
          last_update_time_ms: now,
        });
        if (!isNew) throw taken(name);
        await store.replaceQueueUsers(tx, queueId, users);
        await store.replaceQueueSchemas(tx, queueId, schemaIds);
        return toQueue(await find(tx, queueId));
      });
    },

    async userQueue(experimentId, user) {
      const name = userOf(user);
      try {
        return await service.create({ experimentId, name, type: "USER" }, name);
      } catch (error) {
        const isTaken = error instanceof ApiError && error.code === "RESOURCE_ALREADY_EXISTS";
        if (!isTaken) throw error;
        const queue = await getByName(experimentId, name);
        if (queue.queue_type === "USER") return queue;
        throw alreadyExists(
          `A non-user queue named '${name}' already exists; cannot get-or-create a user queue ` +
            "with that name.",
        );
      }
    },

    get: async (queueId) => toQueue(await find(db, queueId)),

    getByName,

    async list(experimentId, { user, itemId, maxResults, pageToken }) {
      const limit = pageSize(maxResults, defaultResults);
      const page = await store.listQueues(db, {
        experimentId: await activeExperiment(tracking, experimentId),
        user: user === undefined ? undefined : userOf(user),
        itemId,
        limit,
        pageToken: pageToken || undefined,
      });
      return { ...page, items: page.items.map(toQueue) };
    },

    async update(queueId, { users, schemaIds, name, newOwner }, reviewer, isAdmin) {
      return await db.transaction(async (tx) => {
        const row = await find(tx, queueId, true);
        if (row.queue_type === "USER") {
          throw invalid(
            "A user queue's name, assigned user, schemas, and owner are fixed and cannot be " +
              "updated.",
          );
        }
        if ([users, schemaIds, name, newOwner].every((v) => v === undefined)) return toQueue(row);
        const next: store.QueueRow = { ...row, last_update_time_ms: clock.now() };
        if (newOwner !== undefined) {
          const isOwner = row.created_by?.toLowerCase() === reviewer?.toLowerCase();
          if (reviewer !== null && !isAdmin && !isOwner) {
            throw new ApiError(
              "PERMISSION_DENIED",
              `Cannot give away the queue '${row.name}': only its owner or an administrator may`,
            );
          }
          next.created_by = checkText(newOwner.trim(), "new_owner", most.user);
        }
        if (name !== undefined) {
          next.name = customName(name);
          if (await store.isQueueNameTaken(tx, row, next.name)) throw taken(next.name);
        }
        if (users !== undefined) await store.replaceQueueUsers(tx, queueId, usersOf(users));
        if (schemaIds !== undefined) {
          if (await store.hasItems(tx, queueId)) {
            throw invalid(
              "A review queue's questions are locked once items are assigned to it. Remove the " +
                "items before changing its questions.",
            );
          }
          const ids = schemaIdsOf(schemaIds);
          await checkSchemas(tx, row.experiment_id, ids);
          await store.replaceQueueSchemas(tx, queueId, ids);
        }
        await store.updateQueue(tx, next);
        return toQueue(await find(tx, queueId));
      });
    },

    remove: (queueId) => store.deleteQueue(db, queueId),

    async addItems(queueId, given) {
      const itemIds = itemIdsOf(given);
      return await db.transaction(async (tx) => {
        const queue = await find(tx, queueId, true);
        const traces = await findTraces(tx, itemIds);
        const own = new Set(
          traces.filter((t) => t.experimentId === queue.experiment_id).map((t) => t.traceId),
        );
        const strange = itemIds.filter((id) => !own.has(id));
        if (strange.length) {
          throw notFound(
            `Cannot attach trace(s) ${listed(strange)} to review queue '${queueId}': they do not ` +
              `exist in experiment '${queue.experiment_id}'.`,
          );
        }
        return (await store.addItems(tx, queueId, itemIds, clock.now())).map(toItem);
      });
    },

    async removeItems(queueId, given) {
      const itemIds = itemIdsOf(given);
      await find(db, queueId);
      await store.removeItems(db, queueId, itemIds);
    },

    async listItems(queueId, { status, maxResults, pageToken }) {
      const limit = pageSize(maxResults, defaultResults);
      await find(db, queueId);
      const query = { queueId, status, limit, pageToken: pageToken || undefined };
      const page = await store.listItems(db, query);
      return { ...page, items: page.items.map(toItem) };
    },

    async setStatus(queueId, givenId, status, completedBy) {
      if (!status) {
        throw invalid(
          "`status` must be one of PENDING, COMPLETE, or DECLINED; got proto enum value 0.",
        );
      }
      const itemId = givenId.trim();
      const by = completedBy === undefined ? undefined : userOf(completedBy);
      if (status === "PENDING" && by !== undefined) {
        throw invalid("`completed_by` must not be set when reopening an item to `pending`.");
      }
      if (status !== "PENDING" && !by) {
        throw invalid(
          `\`completed_by\` is required when setting status to \`${status.toLowerCase()}\`.`,
        );
      }
      if (by) checkText(by, "completed_by", most.user);
      return await db.transaction(async (tx) => {
        await find(tx, queueId);
        const row = await store.lockItem(tx, queueId, itemId);
        if (!row) {
          throw notFound(`Item '${itemId}' is not attached to review queue '${queueId}'.`);
        }
        // Whoever completed it first stays its reviewer.
        if (row.status === status) return toItem(row);
        const now = clock.now();
        const next = {
          ...row,
          status,
          last_update_time_ms: now,
          completed_by: by ?? null,
          completed_time_ms: by ? now : null,
        };
        await store.updateItem(tx, next);
        return toItem(next);
      });
    },
  };
  return service;
}
