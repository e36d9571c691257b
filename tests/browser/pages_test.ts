/** What holds on every page: news arrive by themselves, thousands of runs scroll, sign-in guards. */
import assert from "node:assert/strict";
import { readConfig } from "../../server/config.ts";
import { createLogger } from "../../server/log.ts";
import { firstPasswordFile } from "../../server/services/governance.ts";
import { startServer } from "../../server/start.ts";
import { testWith } from "../support/components.ts";
import { openTestDatabase } from "../support/server.ts";
import { launchChromium, openPage } from "./chromium.ts";
import { builtPages, startPagesServer } from "./pages_server.ts";

const loose = { sanitizeOps: false, sanitizeResources: false };

async function call(url: string, path: string, body: unknown): Promise<Record<string, any>> {
  const answer = await fetch(`${url}/api/2.0/mlflow/${path}`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
  });
  assert.equal(answer.status, 200, path);
  return await answer.json();
}

testWith("chromium", "runs and metrics appear on open pages as they are logged", async (path) => {
  const server = await startPagesServer();
  const browser = await launchChromium(path);
  try {
    const { page, faults } = await openPage(browser, server.url);
    const { experiment_id } = await call(server.url, "experiments/create", { name: "live" });
    await page.goto(`/experiments/${experiment_id}`);
    await page.getByText("No runs yet").waitFor();
    const { run } = await call(server.url, "runs/create", {
      experiment_id,
      run_name: "first",
      start_time: Date.now(),
    });
    const runId = run.info.run_id;
    await page.getByTestId(`run-link-${runId}`).waitFor();
    await call(server.url, "runs/log-metric", {
      run_id: runId,
      key: "loss",
      value: 0.5,
      timestamp: Date.now(),
      step: 0,
    });
    await page.getByTestId(`row-${runId}`).getByText("0.5", { exact: true }).waitFor();
    await call(server.url, "runs/update", {
      run_id: runId,
      status: "FINISHED",
      end_time: Date.now(),
    });
    await page.getByTestId(`row-${runId}`).getByText("Finished").waitFor();
    assert.deepEqual(faults, []);
  } finally {
    await browser.close();
    await server.close();
  }
}, loose);

/** 10,000 runs in MLflow's form, as the server would page through them. */
function manyRuns(count: number) {
  const pairs = (name: string, value: (i: number) => unknown) =>
    Array.from({ length: 20 }, (_, i) => ({ key: `${name}_${i}`, value: value(i) }));
  return Array.from({ length: count }, (_, n) => ({
    info: {
      run_id: `run${n}`,
      run_name: `run ${n}`,
      experiment_id: "0",
      user_id: "ada",
      status: "FINISHED",
      start_time: 1_700_000_000_000 + n,
      end_time: 1_700_000_060_000 + n,
    },
    data: {
      metrics: pairs("metric", (i) => (n * 7919 + i) % count)
        .map((m) => ({ ...m, timestamp: 0, step: 0 })),
      params: pairs("param", (i) => String((n * 31 + i) % 97)),
      tags: [],
    },
  }));
}

testWith(
  "chromium",
  "10,000 runs sort and scroll with only the rows in sight drawn",
  async (path) => {
    const server = await startPagesServer();
    const browser = await launchChromium(path);
    try {
      const { page, faults } = await openPage(browser, server.url);
      const runs = manyRuns(10_000);
      await page.route("**/runs/search", (route) => {
        const { page_token, max_results } = route.request().postDataJSON();
        const from = Number(page_token ?? 0), to = from + max_results;
        return route.fulfill({
          json: { runs: runs.slice(from, to), next_page_token: to < runs.length ? String(to) : "" },
        });
      });
      await page.goto("/experiments/0");
      await page.getByTestId("run-count").filter({ hasText: "10,000 runs" }).waitFor();
      const rows = page.locator("[data-testid^=row-]");
      assert.ok(await rows.count() < 80, `${await rows.count()} rows in the page`);
      await page.getByTestId("sort-metric:metric_0").click();
      const first = async () =>
        (await rows.first().getAttribute("data-testid"))!.slice("row-run".length);
      const value = (n: number) => (n * 7919) % 10_000;
      assert.equal(value(Number(await first())), 9999);
      const grid = page.getByTestId("runs-grid");
      await grid.focus();
      await page.keyboard.press("End");
      const lowest = runs.findIndex((_, n) => value(n) === 0);
      await page.getByTestId(`row-run${lowest}`).waitFor();
      await page.keyboard.press("Space");
      await page.keyboard.press("ArrowUp");
      await page.keyboard.press("Space");
      await page.keyboard.press("c");
      await page.getByRole("heading", { name: "Compare 2 runs" }).waitFor();
      assert.deepEqual(faults.filter((fault) => !/404/.test(fault)), []);
    } finally {
      await browser.close();
      await server.close();
    }
  },
  loose,
);

testWith("chromium", "a server with sign-in shows its pages only after it", async (path) => {
  const home = await Deno.makeTempDir({ prefix: "tapebook-browser-" });
  const config = readConfig({ TAPEBOOK_HOME: home, TAPEBOOK_PORT: "0", TAPEBOOK_AUTH: "on" });
  const server = await startServer(config, {
    uiDir: await builtPages(),
    log: createLogger("silent"),
    db: await openTestDatabase("pglite"),
  });
  const browser = await launchChromium(path);
  try {
    const password = (await Deno.readTextFile(firstPasswordFile(home))).trim();
    const { page } = await openPage(browser, server.url);
    await page.goto("/models");
    await page.getByTestId("sign-in-user").fill("admin");
    await page.getByTestId("sign-in-password").fill("not the password");
    await page.getByTestId("sign-in-submit").click();
    await page.getByTestId("sign-in-error").waitFor();
    await page.getByTestId("sign-in-password").fill(password);
    await page.getByTestId("sign-in-submit").click();
    await page.getByText("No models yet").waitFor();
    assert.equal(await page.getByTestId("who").textContent(), "admin");
    await page.getByTestId("sign-out").click();
    await page.getByTestId("sign-in").waitFor();
  } finally {
    await browser.close();
    await server.close();
    await Deno.remove(home, { recursive: true });
  }
}, loose);
