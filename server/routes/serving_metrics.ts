/** `/ping` and `/metrics`: what load balancers and Prometheus ask for. Mounted at the root. @module */
import { Hono } from "hono";
import type { AppEnv } from "../env.ts";

export const servingMetricsRoutes = new Hono<AppEnv>()
  .get("/ping", (c) => c.text("\n"))
  .get("/metrics", async (c) => {
    const { text, contentType } = await c.get("services").metrics.expose();
    return c.text(text, 200, { "Content-Type": contentType });
  });
