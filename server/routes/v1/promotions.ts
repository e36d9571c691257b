/** `/api/tapebook/v1/promotions`: requests to let a version answer, and what people say to them. @module */
import { createRoute, z } from "@hono/zod-openapi";
import type { Context } from "hono";
import {
  newPromotion,
  promotion,
  promotionStatuses,
  reviewText,
} from "../../../lib/contracts/governance/mod.ts";
import type { AppEnv } from "../../env.ts";
import type { Actor } from "../../services/promotions.ts";
import { answers, jsonBody, newApi } from "./openapi.ts";

/** Who asks, as services write it down. */
export function actorOf(c: Context<AppEnv>): Actor {
  return { name: c.get("caller").name, requestId: c.get("requestId") };
}

const tags = ["promotions"];
const one = z.object({ promotion });
const id = z.object({ id: z.string() });

/** A reviewer's word on one request: each verb takes a text and answers with the request as it stands. */
const reviewRoute = <Path extends `/{id}/${string}`>(path: Path) =>
  createRoute({
    method: "post",
    path,
    tags,
    request: { params: id, body: jsonBody(reviewText) },
    responses: answers("The request", one),
  });

export const promotionRoutes = newApi()
  .openapi(
    createRoute({
      method: "post",
      path: "/",
      tags,
      summary:
        "Ask for a promotion; it is applied at once when the policy's required rules are met",
      request: { body: jsonBody(newPromotion) },
      responses: answers("The request with each rule's verdict", one),
    }),
    async (c) => {
      const { promotions } = c.get("services");
      const made = await promotions.request(c.req.valid("json"), actorOf(c));
      return c.json({ promotion: made }, 200);
    },
  )
  .openapi(
    createRoute({
      method: "get",
      path: "/",
      tags,
      summary: "Requests, newest first",
      request: {
        query: z.object({
          model: z.string().optional(),
          version: z.string().regex(/^\d+$/).optional(),
          status: z.enum(promotionStatuses).optional(),
          limit: z.coerce.number().int().min(1).max(1000).optional(),
        }),
      },
      responses: answers("Requests", z.object({ promotions: z.array(promotion) })),
    }),
    async (c) => {
      const promotions = await c.get("services").promotions.list(c.req.valid("query"));
      return c.json({ promotions }, 200);
    },
  )
  .openapi(
    createRoute({
      method: "get",
      path: "/{id}",
      tags,
      request: { params: id },
      responses: answers("One request", one),
    }),
    async (c) => {
      const found = await c.get("services").promotions.get(c.req.valid("param").id);
      return c.json({ promotion: found }, 200);
    },
  )
  .openapi(
    createRoute({
      method: "post",
      path: "/{id}/evaluate",
      tags,
      summary: "Hold a pending request against its policy again",
      request: { params: id },
      responses: answers("The request", one),
    }),
    async (c) => {
      const { promotions } = c.get("services");
      const done = await promotions.evaluate(c.req.valid("param").id, actorOf(c));
      return c.json({ promotion: done }, 200);
    },
  )
  .openapi(
    reviewRoute("/{id}/approve"),
    async (c) => {
      const { promotions } = c.get("services");
      const { text } = c.req.valid("json");
      const done = await promotions.approve(c.req.valid("param").id, text, actorOf(c));
      return c.json({ promotion: done }, 200);
    },
  )
  .openapi(
    reviewRoute("/{id}/reject"),
    async (c) => {
      const { promotions } = c.get("services");
      const { text } = c.req.valid("json");
      const done = await promotions.reject(c.req.valid("param").id, text, actorOf(c));
      return c.json({ promotion: done }, 200);
    },
  )
  .openapi(
    reviewRoute("/{id}/comment"),
    async (c) => {
      const { promotions } = c.get("services");
      const { text } = c.req.valid("json");
      const done = await promotions.comment(c.req.valid("param").id, text, actorOf(c));
      return c.json({ promotion: done }, 200);
    },
  );
