import assert from "node:assert/strict";
import { Hono } from "hono";
import type { AppEnv } from "../env.ts";
import type { Services } from "../services/mod.ts";
import { servingUiRoutes } from "./serving_ui.ts";

async function withPages(body: (app: Hono<AppEnv>) => Promise<void>) {
  const uiDir = await Deno.makeTempDir();
  await Deno.mkdir(`${uiDir}/assets`);
  await Deno.writeTextFile(`${uiDir}/index.html`, "<h1>pages</h1>");
  await Deno.writeTextFile(`${uiDir}/assets/app-1.js`, "1");
  await Deno.writeTextFile(`${uiDir}/secret.txt`, "secret");
  const app = new Hono<AppEnv>()
    .use(async (c, next) => {
      c.set("services", { uiDir } as Services);
      await next();
    })
    .route("/", servingUiRoutes);
  try {
    await body(app);
  } finally {
    await Deno.remove(uiDir, { recursive: true });
  }
}

const asBrowser = { headers: { Accept: "text/html,*/*" } };

Deno.test("every address of the pages answers with index.html, which is never kept", () =>
  withPages(async (app) => {
    for (const path of ["/", "/runs/abc", "/models/m", "/serving", "/compare?runs=a,b"]) {
      const answer = await app.request(path, asBrowser);
      assert.equal(await answer.text(), "<h1>pages</h1>", path);
      assert.equal(answer.headers.get("cache-control"), "no-cache");
    }
  }));

Deno.test("files with a hash in their name are kept for ever", () =>
  withPages(async (app) => {
    const answer = await app.request("/assets/app-1.js");
    assert.equal(answer.headers.get("content-type"), "text/javascript; charset=utf-8");
    assert.match(answer.headers.get("cache-control")!, /immutable/);
    assert.equal(await answer.text(), "1");
  }));

Deno.test("programs, interfaces and paths outside the build do not get a page", () =>
  withPages(async (app) => {
    assert.equal((await app.request("/runs/abc")).status, 404);
    for (
      const path of ["/api/tapebook/v1/nothing", "/ajax-api/x", "/v2/models", "/serving/m/ping"]
    ) {
      assert.equal((await app.request(path, asBrowser)).status, 404, path);
    }
    const outside = [
      "/assets/..%2fsecret.txt",
      "/assets/../secret.txt",
      "/assets/.env",
      "/assets/no.js",
    ];
    for (const path of outside) {
      const answer = await app.request(path);
      assert.ok(!(await answer.text()).includes("secret"), path);
      assert.equal(answer.status, 404, path);
    }
  }));
