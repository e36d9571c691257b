/** The browser's pages: static files of one build, and `index.html` for every address of the UI. @module */
import { Hono } from "hono";
import type { AppEnv } from "../env.ts";

const types: Record<string, string> = {
  html: "text/html; charset=utf-8",
  js: "text/javascript; charset=utf-8",
  css: "text/css; charset=utf-8",
  map: "application/json",
  svg: "image/svg+xml",
  woff2: "font/woff2",
};

async function readFile(path: string): Promise<Uint8Array<ArrayBuffer> | null> {
  try {
    return await Deno.readFile(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  }
}

/**
 * Routes over `services.uiDir`. Files under /assets carry a hash in their name and are cached for
 * ever; `index.html` is asked for again each time, so that a new build is seen at once.
 */
export const servingUiRoutes = new Hono<AppEnv>()
  .get("/assets/:file{[\\w.-]+}", async (c) => {
    const { uiDir } = c.get("services");
    const file = c.req.param("file");
    const bytes = uiDir && !file.startsWith(".") ? await readFile(`${uiDir}/assets/${file}`) : null;
    if (!bytes) return c.notFound();
    return c.body(bytes, 200, {
      "Content-Type": types[file.split(".").at(-1)!] ?? "application/octet-stream",
      "Cache-Control": "public, max-age=31536000, immutable",
    });
  })
  .get("/favicon.svg", async (c) => {
    const { uiDir } = c.get("services");
    const bytes = uiDir ? await readFile(`${uiDir}/favicon.svg`) : null;
    if (!bytes) return c.notFound();
    return c.body(bytes, 200, { "Content-Type": types.svg, "Cache-Control": "max-age=3600" });
  })
  .get("*", async (c, next) => {
    const { uiDir } = c.get("services");
    // Programs that ask for an address that is not there must see 404, not a page.
    const isPage = c.req.path === "/" || c.req.header("accept")?.includes("text/html");
    const isApi = /^\/(api|ajax-api|v2|v1|serving\/[^/]+\/)/.test(c.req.path);
    const bytes = uiDir && isPage && !isApi ? await readFile(`${uiDir}/index.html`) : null;
    if (!bytes) return await next();
    return c.body(bytes, 200, { "Content-Type": types.html, "Cache-Control": "no-cache" });
  });
