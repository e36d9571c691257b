/**
 * `/live`: changes as server-sent events. `/api/tapebook/v1/runs/{id}/heartbeat`: signs of life.
 * @module
 */
import { createRoute, z } from "@hono/zod-openapi";
import { Hono } from "hono";
import { streamSSE } from "hono/streaming";
import type { AppEnv } from "../../env.ts";
import { invalid } from "../../errors.ts";
import { liveJson } from "../../services/live.ts";
import { answers, newApi } from "./openapi.ts";

/** Keeps proxies from closing a quiet stream. */
const quietMs = 15_000;

const query = z.object({
  kinds: z.string().optional(),
  experiment: z.string().optional(),
  id: z.string().optional(),
});

/**
 * `GET /live?kinds=metric.logged,run.updated&experiment=3&id=<run>`. Each event has the kind as its
 * name and JSON as its data; `reset` says that events were lost: read anew.
 */
export const liveRoutes = new Hono<AppEnv>().get("/live", (c) => {
  const { kinds, experiment, id } = query.parse(c.req.query());
  const last = c.req.header("last-event-id");
  if (last !== undefined && !/^\d+$/.test(last)) {
    throw invalid(`Cannot stream events: Last-Event-ID must be a whole number, got ${last}`);
  }
  const { live, experimentAccess, config } = c.get("services");
  const caller = c.get("caller");
  const seesAll = config.auth === "off" || caller.scopes.includes("admin");
  c.header("X-Accel-Buffering", "no");
  return streamSSE(c, async (stream) => {
    const subscription = live.subscribe(
      {
        kinds: kinds ? new Set(kinds.split(",")) : undefined,
        experimentId: experiment,
        id,
      },
      last === undefined ? undefined : Number(last),
    );
    stream.onAbort(() => subscription.close());
    await stream.write(": connected\nretry: 2000\n\n");
    const timer = setInterval(() => stream.write(": quiet\n\n").catch(() => {}), quietMs);
    try {
      for await (const event of subscription) {
        if (stream.aborted) break;
        if (event === "overflow") {
          await stream.writeSSE({ event: "reset", data: "{}" });
          continue;
        }
        // An event of a run whose experiment is not known (any more) is for administrators only.
        const isLost = event.experimentId === undefined &&
          /^(run|metric|param|tag)\./.test(event.kind);
        if (isLost && !seesAll) continue;
        const experiments = event.experimentId === undefined ? [] : [event.experimentId];
        if (
          !seesAll && (await experimentAccess.denied(experiments, caller.name, "read")).length > 0
        ) continue;
        await stream.writeSSE({
          id: String(event.seq),
          event: event.kind,
          data: liveJson(event),
        });
      }
    } finally {
      clearInterval(timer);
      subscription.close();
    }
  });
});

export const heartbeatRoutes = newApi().openapi(
  createRoute({
    method: "post",
    path: "/{id}/heartbeat",
    tags: ["runs"],
    summary: "Say that the run's program lives; a run that falls silent is marked FAILED",
    request: { params: z.object({ id: z.string() }) },
    responses: answers("Noted", z.object({})),
  }),
  async (c) => {
    await c.get("services").heartbeats.beat(c.req.valid("param").id);
    return c.json({}, 200);
  },
);
