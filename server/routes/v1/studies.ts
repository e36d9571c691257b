/** `/api/tapebook/v1/studies`: studies, and the trials that workers take and give back. @module */
import { createRoute, z } from "@hono/zod-openapi";
import {
  reportsSchema,
  studySpecSchema,
  type TrialBodyJson,
  trialBodySchema,
  trialFromJson,
} from "../../../lib/tuner/wire.ts";
import { studiesOf } from "../../services/studies.ts";
import { answers, jsonBody, newApi } from "./openapi.ts";
import { studyInsightRoutes } from "./study_insight.ts";

/** As {@linkcode answers}, the schema first: it is the longer part. */
const answer = <S extends z.ZodType>(schema: S, description: string) =>
  answers(description, schema);

const studyParam = z.object({ study: z.string() });
const trialParam = studyParam.extend({ number: z.coerce.number().int().min(0) });
const leaseMs = z.number().int().min(100).max(24 * 3_600_000).default(60_000);

// Bodies are described loosely here and checked by lib's schemas, which say which field is wrong.
const looseStudy = z.object({
  spec: z.record(z.string(), z.unknown()),
  revision: z.number(),
  trialCount: z.number(),
  runId: z.string().nullable(),
  experimentId: z.string().nullable(),
  createdAt: z.number(),
}).openapi("Study");
const looseTrial = z.record(z.string(), z.unknown()).openapi("Trial");
const changes = z.object({
  trials: z.array(looseTrial),
  revision: z.number().openapi({ description: "Pass as `after` next time" }),
  more: z.boolean(),
}).openapi("TrialChanges");

const newStudy = z.object({
  spec: z.record(z.string(), z.unknown()),
  ifExists: z.enum(["error", "load"]).default("error"),
  experiment: z.string().min(1).nullable().default("Studies"),
  maxAttempts: z.number().int().min(1).default(3),
});
const claim = z.object({
  worker: z.string().min(1),
  leaseId: z.string().min(1),
  leaseMs,
  after: z.number().int().min(0).default(0),
  limit: z.number().int().min(0).optional(),
});
const loose = z.record(z.string(), z.unknown());
const update = z.object({
  leaseId: z.string(),
  leaseMs,
  after: z.number().int().min(0).default(0),
  body: loose.optional(),
  reports: z.array(z.unknown()).optional(),
  checkpoint: z.object({ data: z.unknown() }).optional(),
});
const finish = z.object({
  leaseId: z.string(),
  state: z.enum(["complete", "pruned", "failed"]),
  body: loose,
  reports: z.array(z.unknown()).default([]),
});

export const studyRoutes = newApi()
  .openapi(
    createRoute({
      method: "get",
      path: "/",
      summary: "All studies, newest first",
      responses: answer(
        z.object({
          studies: z.array(looseStudy.extend({ counts: z.record(z.string(), z.number()) })),
        }),
        "The studies with the number of trials in each state",
      ),
    }),
    async (c) => c.json({ studies: await studiesOf(c.get("services")).list() }, 200),
  )
  .openapi(
    createRoute({
      method: "post",
      path: "/",
      summary: "Creates a study, or loads it",
      request: { body: jsonBody(newStudy) },
      responses: answer(looseStudy, "The study"),
    }),
    async (c) => {
      const body = c.req.valid("json");
      const spec = studySpecSchema.parse(body.spec);
      return c.json(await studiesOf(c.get("services")).open({ ...body, spec }), 200);
    },
  )
  .openapi(
    createRoute({
      method: "get",
      path: "/{study}",
      summary: "One study",
      request: { params: studyParam },
      responses: answer(looseStudy, "The study"),
    }),
    async (c) => c.json(await studiesOf(c.get("services")).get(c.req.valid("param").study), 200),
  )
  .openapi(
    createRoute({
      method: "delete",
      path: "/{study}",
      summary: "Removes a study and its trials; runs stay",
      request: { params: studyParam },
      responses: answer(z.object({}), "Removed"),
    }),
    async (c) => {
      await studiesOf(c.get("services")).remove(c.req.valid("param").study);
      return c.json({}, 200);
    },
  )
  .openapi(
    createRoute({
      method: "get",
      path: "/{study}/trials",
      summary: "Trials changed after a revision",
      request: {
        params: studyParam,
        query: z.object({
          after: z.coerce.number().int().min(0).default(0),
          limit: z.coerce.number().int().min(1).max(5000).default(1000),
        }),
      },
      responses: answer(changes, "The trials, in the order of their last change"),
    }),
    async (c) => {
      const { after, limit } = c.req.valid("query");
      const { study } = c.req.valid("param");
      return c.json(await studiesOf(c.get("services")).changes(study, after, limit), 200);
    },
  )
  .openapi(
    createRoute({
      method: "post",
      path: "/{study}/trials",
      summary: "Adds a trial that waits with fixed values, or a finished one",
      request: { params: studyParam, body: jsonBody(loose) },
      responses: answer(z.object({ number: z.number() }), "The trial's number"),
    }),
    async (c) => {
      const trial = trialFromJson(c.req.valid("json"));
      const { study } = c.req.valid("param");
      return c.json({ number: await studiesOf(c.get("services")).add(study, trial) }, 200);
    },
  )
  .openapi(
    createRoute({
      method: "post",
      path: "/{study}/claim",
      summary: "Leases the next trial to a worker",
      request: { params: studyParam, body: jsonBody(claim) },
      responses: answer(
        z.object({
          trial: looseTrial.nullable(),
          leaseId: z.string().nullable(),
          running: z.number(),
          changes,
        }),
        "The trial, or null when there is nothing to do now",
      ),
    }),
    async (c) => {
      const { study } = c.req.valid("param");
      const { after, ...claim } = c.req.valid("json");
      const studies = studiesOf(c.get("services"));
      const claimed = await studies.claim(study, claim);
      return c.json({ ...claimed, changes: await studies.changes(study, after) }, 200);
    },
  )
  .openapi(
    createRoute({
      method: "patch",
      path: "/{study}/trials/{number}",
      summary: "Heartbeat, values and reports of a running trial",
      request: { params: trialParam, body: jsonBody(update) },
      responses: answer(changes, "What changed after the revision that the worker knew"),
    }),
    async (c) => {
      const { study, number } = c.req.valid("param");
      const { after, body, reports, checkpoint, ...lease } = c.req.valid("json");
      const result = await studiesOf(c.get("services")).update(study, number, {
        ...lease,
        ...(body ? { body: checkedBody(body) } : {}),
        ...(reports ? { reports: reportsSchema.parse(reports) } : {}),
        ...(checkpoint ? { checkpoint: { data: checkpoint.data ?? null } } : {}),
      }, after);
      return c.json(result, 200);
    },
  )
  .openapi(
    createRoute({
      method: "post",
      path: "/{study}/trials/{number}/finish",
      summary: "Ends a trial; the same end may be sent again",
      request: { params: trialParam, body: jsonBody(finish) },
      responses: answer(z.object({}), "The end is stored"),
    }),
    async (c) => {
      const { study, number } = c.req.valid("param");
      const { body, reports, ...end } = c.req.valid("json");
      await studiesOf(c.get("services")).finish(study, number, {
        ...end,
        body: checkedBody(body),
        reports: reportsSchema.parse(reports),
      });
      return c.json({}, 200);
    },
  )
  .openapi(
    createRoute({
      method: "post",
      path: "/{study}/trials/{number}/release",
      summary: "Gives a trial back",
      request: { params: trialParam, body: jsonBody(z.object({ leaseId: z.string() })) },
      responses: answer(z.object({}), "The trial waits for another worker"),
    }),
    async (c) => {
      const { study, number } = c.req.valid("param");
      await studiesOf(c.get("services")).release(study, number, c.req.valid("json").leaseId);
      return c.json({}, 200);
    },
  )
  .route("/", studyInsightRoutes);

/** Checks a body and keeps it as it was sent (NaN and infinities as text). */
function checkedBody(body: unknown): TrialBodyJson {
  trialBodySchema.parse(body);
  return body as TrialBodyJson;
}
