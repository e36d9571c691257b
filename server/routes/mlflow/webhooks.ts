/** `/mlflow/webhooks…`. @module */
import { Hono } from "hono";
import type { AppEnv } from "../../env.ts";
import { answer } from "./_answer.ts";
import { optional, readRequest, required, t } from "./_request.ts";

const entities = [
  "ENTITY_UNSPECIFIED",
  "REGISTERED_MODEL",
  "MODEL_VERSION",
  "MODEL_VERSION_TAG",
  "MODEL_VERSION_ALIAS",
  "PROMPT",
  "PROMPT_VERSION",
  "PROMPT_TAG",
  "PROMPT_VERSION_TAG",
  "PROMPT_ALIAS",
  "BUDGET_POLICY",
] as const;
const actions = ["ACTION_UNSPECIFIED", "CREATED", "UPDATED", "DELETED", "SET", "EXCEEDED"] as const;
const event = t.message({ entity: t.oneOf(entities), action: t.oneOf(actions) });
const status = t.oneOf(["ACTIVE", "DISABLED"] as const, 1);

const app = new Hono<AppEnv>();

app.post("/", async (c) => {
  const request = await readRequest(c, {
    name: required(t.text),
    url: required(t.text),
    events: required(t.list(event)),
    description: optional(t.text),
    secret: optional(t.text),
    status: optional(status),
  });
  const webhook = await c.get("services").webhooks.create(request, c.get("caller").name);
  return answer(c, { webhook });
});

app.get("/", async (c) => {
  const { max_results = 100, page_token } = await readRequest(c, {
    max_results: optional(t.int),
    page_token: optional(t.text),
  });
  const page = await c.get("services").webhooks.list(max_results, page_token || undefined);
  return answer(c, { webhooks: page.items, next_page_token: page.nextPageToken });
});

app.get(
  "/:id",
  async (c) => answer(c, { webhook: await c.get("services").webhooks.get(c.req.param("id")) }),
);

app.patch("/:id", async (c) => {
  const request = await readRequest(c, {
    name: optional(t.text),
    description: optional(t.text),
    url: optional(t.text),
    events: optional(t.list(event)),
    secret: optional(t.text),
    status: optional(status),
  });
  const { webhooks } = c.get("services");
  const webhook = await webhooks.update(c.req.param("id"), request, c.get("caller").name);
  return answer(c, { webhook });
});

app.delete("/:id", async (c) => {
  await c.get("services").webhooks.delete(c.req.param("id"), c.get("caller").name);
  return answer(c);
});

app.post("/:id/test", async (c) => {
  const request = await readRequest(c, { event: optional(event) });
  const result = await c.get("services").webhooks.test(c.req.param("id"), request.event);
  return answer(c, { result });
});

export const webhookRoutes = app;
