/** The main path through the pages in a real browser: open, sort, select, compare, promote, predict. */
import assert from "node:assert/strict";
import type { Page } from "playwright-core";
import { testWith } from "../support/components.ts";
import { launchChromium, openPage } from "./chromium.ts";
import { startPagesServer } from "./pages_server.ts";
import { experimentName, seedServer } from "./seed.ts";

/** Names of the runs in the table, from above. */
async function runNames(page: Page): Promise<string[]> {
  return await page.locator("[data-testid^=run-link-]").allTextContents();
}

async function waitForText(page: Page, testId: string, text: RegExp): Promise<void> {
  await page.getByTestId(testId).filter({ hasText: text }).first().waitFor();
}

testWith(
  "chromium",
  "a researcher compares runs, promotes a model and asks it",
  async (path, t) => {
    const server = await startPagesServer();
    const browser = await launchChromium(path);
    try {
      const seeded = await seedServer(server.url);
      const { page, faults, close } = await openPage(browser, server.url);

      await t.step("the first page lists the experiment and opens it", async () => {
        await page.goto("/");
        await page.getByTestId(`experiment-${seeded.experimentId}`).click();
        await page.getByRole("heading", { name: experimentName }).waitFor();
        await waitForText(page, "run-count", /7 runs/);
        assert.deepEqual(await runNames(page), ["crossover sweep"]);
      });

      await t.step("trials open under their parent and sort by a metric", async () => {
        await page.getByTestId(`expand-${seeded.parentId}`).click();
        assert.equal((await runNames(page)).length, 7);
        await page.getByTestId("group").click();
        await page.getByTestId("sort-metric:sharpe").click();
        const cells = page.locator("[data-testid^=row-]");
        const column = await page.getByRole("columnheader").allTextContents();
        const at = column.indexOf("sharpe");
        const values: number[] = [];
        for (const row of await cells.all()) {
          const text = await row.getByRole("gridcell").nth(at).textContent();
          if (text !== "–") values.push(Number(text!.replace("−", "-")));
        }
        assert.equal(values.length, 6);
        assert.deepEqual(values, [...values].sort((a, b) => b - a));
        assert.match(page.url(), /sort=metric%3Asharpe\+desc/);
      });

      await t.step(
        "a filter in MLflow's grammar narrows the table; a broken one says why",
        async () => {
          await page.getByTestId("filter").fill('params.slow = "200"');
          await waitForText(page, "run-count", /2 runs/);
          assert.deepEqual((await runNames(page)).sort(), ["cross 20/200", "cross 50/200"]);
          await page.getByTestId("filter").fill("params.slow ==");
          await page.getByTestId("filter-error").waitFor();
          faults.length = 0; // The browser logs the refused request itself.
          await page.getByTestId("filter-clear").click();
          await waitForText(page, "run-count", /7 runs/);
        },
      );

      await t.step("two selected runs are compared", async () => {
        await page.getByTestId(`select-${seeded.trialIds[0]}`).click();
        assert.ok(await page.getByTestId("compare").isDisabled());
        await page.getByTestId(`select-${seeded.trialIds[1]}`).click();
        await page.getByTestId("compare").click();
        await page.getByRole("heading", { name: "Compare 2 runs" }).waitFor();
        await page.getByTestId("chart-equity").locator("canvas").waitFor();
        const line = page.getByTestId("metric-line-sharpe").locator("td");
        assert.equal(await line.count(), 3);
        assert.equal(await page.getByTestId("metric-line-sharpe").locator("td.best").count(), 1);
        const params = await page.getByTestId("compare-params").locator("tbody td:first-child")
          .allTextContents();
        assert.deepEqual(params, ["fast", "slow"]);
      });

      await t.step("a run shows its curves and files", async () => {
        await page.goto(`/runs/${seeded.trialIds[0]}`);
        await page.getByTestId("chart-drawdown").locator("canvas").waitFor();
        await page.getByTestId("tab-artifacts").click();
        await page.getByTestId("preview").getByRole("heading", { name: "Moving-average" })
          .waitFor();
        assert.equal(await page.getByTestId("preview").locator("table").count(), 1);
      });

      await t.step("a version is promoted, with the verdict of each rule", async () => {
        await page.goto(`/models/${seeded.model}`);
        await waitForText(page, "champion", /not deployed/);
        await page.getByTestId("promote-1").click();
        await page.getByTestId("promote-comment").fill("Best Sharpe ratio of the sweep");
        await page.getByTestId("promote-confirm").click();
        await waitForText(page, "promote-outcome", /Applied/);
        assert.ok(
          await page.getByTestId("promote-dialog").locator("[data-testid^=rule-]").count() >= 5,
        );
        await page.getByTestId("promote-close").click();
        await waitForText(page, "champion", /v1 is the champion/);
      });

      await t.step("the deployed model answers what its graph computes", async () => {
        await page.getByTestId("nav-serving").click();
        await page.getByTestId(`deployment-${seeded.model}`).waitFor();
        await page.getByTestId("use-example").click();
        await page.getByTestId("predict").click();
        const value = page.getByTestId("answer-value");
        await value.waitFor();
        // tanh(0.5 * 1 - 0.25 * 2 + 1 * 3 + 0.125 * 4 + 0.1), in float32.
        const answered = Number(await value.getAttribute("title"));
        assert.ok(Math.abs(answered - Math.tanh(3.6)) < 1e-6, `answered ${answered}`);
      });

      await t.step(
        "the next version takes over, and a rollback brings the first one back",
        async () => {
          await page.goto(`/models/${seeded.model}`);
          await page.getByTestId("promote-2").click();
          await page.getByTestId("promote-confirm").click();
          await waitForText(page, "promote-outcome", /Applied/);
          await page.getByTestId("promote-close").click();
          await waitForText(page, "champion", /v2 is the champion/);
          await page.getByTestId("rollback").click();
          await waitForText(page, "champion", /v1 is the champion/);
          await waitForText(page, "alias-history", /rollback/);
        },
      );

      await t.step("a rule that is required makes a promotion wait for a reviewer", async () => {
        await page.getByTestId("required-minDeflatedSharpe").click();
        await page.getByTestId("required-minDeflatedSharpe").and(page.locator(":checked"))
          .waitFor();
        await page.getByTestId("promote-2").click();
        await page.getByTestId("promote-confirm").click();
        await waitForText(page, "promote-outcome", /Pending/);
        await page.getByTestId("promote-close").click();
        await page.getByTestId("review-text").fill("Not enough evidence");
        await page.getByTestId("review-reject").click();
        await waitForText(page, "promotions", /rejected/);
      });

      await t.step("the colours follow the reader's choice, also after a reload", async () => {
        await page.getByTestId("theme-dark").click();
        await page.reload();
        await page.getByTestId("nav-brand").waitFor();
        const scheme = await page.evaluate(() =>
          getComputedStyle(document.documentElement).colorScheme
        );
        assert.equal(scheme, "dark");
      });

      assert.deepEqual(faults, []);
      await close();
    } finally {
      await browser.close();
      await server.close();
    }
  },
  { sanitizeOps: false, sanitizeResources: false },
);
