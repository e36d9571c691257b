/** `/mlflow/review-queues/…` of MLflow 3. @module */
import { Hono } from "hono";
import { queueTypes, reviewStatuses } from "../../db/review_queues.ts";
import type { AppEnv } from "../../env.ts";
import { answer } from "./_answer.ts";
import { optional, readRequest, required, t } from "./_request.ts";
import { enumValue, pageFields, reviewerOf } from "./_review.ts";

const byId = { queue_id: required(t.text) };
const byName = { experiment_id: required(t.text), name: required(t.text) };
const texts = optional(t.list(t.text));
const status = optional(enumValue(reviewStatuses));

const app = new Hono<AppEnv>();

app.post("/create", async (c) => {
  const request = await readRequest(c, {
    ...byName,
    queue_type: optional(enumValue(queueTypes)),
    users: texts,
    schema_ids: texts,
  });
  const review_queue = await c.get("services").reviewQueues.create({
    experimentId: request.experiment_id,
    name: request.name,
    type: request.queue_type ?? undefined,
    users: request.users,
    schemaIds: request.schema_ids,
  }, reviewerOf(c));
  return answer(c, { review_queue });
});

app.post("/get-or-create-user", async (c) => {
  const { experiment_id, user } = await readRequest(c, {
    experiment_id: required(t.text),
    user: required(t.text),
  });
  const review_queue = await c.get("services").reviewQueues.userQueue(experiment_id, user);
  return answer(c, { review_queue });
});

app.get("/get", async (c) => {
  const { queue_id } = await readRequest(c, byId);
  return answer(c, { review_queue: await c.get("services").reviewQueues.get(queue_id) });
});

app.get("/get-by-name", async (c) => {
  const { experiment_id, name } = await readRequest(c, byName);
  const review_queue = await c.get("services").reviewQueues.getByName(experiment_id, name);
  return answer(c, { review_queue });
});

app.get("/list", async (c) => {
  const request = await readRequest(c, {
    experiment_id: required(t.text),
    user: optional(t.text),
    item_id: optional(t.text),
    ...pageFields,
  });
  const page = await c.get("services").reviewQueues.list(request.experiment_id, {
    user: request.user,
    itemId: request.item_id,
    maxResults: request.max_results,
    pageToken: request.page_token,
  });
  return answer(c, { review_queues: page.items, next_page_token: page.nextPageToken ?? "" });
});

app.post("/update", async (c) => {
  const request = await readRequest(c, {
    ...byId,
    users: texts,
    update_users: optional(t.bool),
    schema_ids: texts,
    update_schema_ids: optional(t.bool),
    name: optional(t.text),
    new_owner: optional(t.text),
  });
  const review_queue = await c.get("services").reviewQueues.update(
    request.queue_id,
    {
      users: request.update_users ? request.users ?? [] : undefined,
      schemaIds: request.update_schema_ids ? request.schema_ids ?? [] : undefined,
      name: request.name,
      newOwner: request.new_owner,
    },
    reviewerOf(c),
    c.get("caller").scopes.includes("admin"),
  );
  return answer(c, { review_queue });
});

app.post("/delete", async (c) => {
  const { queue_id } = await readRequest(c, byId);
  await c.get("services").reviewQueues.remove(queue_id);
  return answer(c);
});

app.post("/items/add", async (c) => {
  const { queue_id, item_ids = [] } = await readRequest(c, { ...byId, item_ids: texts });
  return answer(c, { items: await c.get("services").reviewQueues.addItems(queue_id, item_ids) });
});

app.post("/items/remove", async (c) => {
  const { queue_id, item_ids = [] } = await readRequest(c, { ...byId, item_ids: texts });
  await c.get("services").reviewQueues.removeItems(queue_id, item_ids);
  return answer(c);
});

app.get("/items/list", async (c) => {
  const request = await readRequest(c, { ...byId, status, ...pageFields });
  const page = await c.get("services").reviewQueues.listItems(request.queue_id, {
    status: request.status ?? undefined,
    maxResults: request.max_results,
    pageToken: request.page_token,
  });
  return answer(c, { items: page.items, next_page_token: page.nextPageToken ?? "" });
});

app.post("/items/set-status", async (c) => {
  const request = await readRequest(c, {
    ...byId,
    item_id: required(t.text),
    status,
    completed_by: optional(t.text),
  });
  // Where people sign in, nobody completes an item in another's name.
  const reviewer = reviewerOf(c);
  const by = reviewer === null
    ? request.completed_by
    : request.status === "PENDING"
    ? undefined
    : reviewer;
  const item = await c.get("services").reviewQueues.setStatus(
    request.queue_id,
    request.item_id,
    request.status ?? undefined,
    by,
  );
  return answer(c, { item });
});

export const reviewQueueRoutes = app;
