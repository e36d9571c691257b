/** Tells a wrong method on a known path (405) from a path that nothing answers (404). @module */
import type { Hono } from "hono";
import type { AppEnv } from "./env.ts";

const methods = ["GET", "POST", "PUT", "PATCH", "DELETE"];

/**
 * The methods that routes of `app` answer at a path. Middleware and the pages' own catch-all answer
 * no path of their own, so they do not count.
 */
export function allowedMethods(app: Hono<AppEnv, any, any>): (path: string) => string[] {
  return (path) =>
    methods.filter((method) => {
      const [matched] = app.router.match(method, path);
      return matched.some(([[, route]]) => {
        const { method, path } = route as { method: string; path: string };
        return method !== "ALL" && path !== "/*" && path !== "*";
      });
    });
}
