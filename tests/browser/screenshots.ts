/**
 * Pictures of every page, light and dark, wide and narrow. Seeds a server of its own unless `--url`
 * names a running one.
 *
 * Run: deno run -A tests/browser/screenshots.ts --out docs/images [--url http://127.0.0.1:5000]
 *      [--only run,compare] [--scheme light] [--narrow]
 * @module
 */
import { parseArgs } from "node:util";
import type { Page } from "playwright-core";
import { findComponent } from "../support/components.ts";
import { launchChromium, openPage } from "./chromium.ts";
import { startPagesServer } from "./pages_server.ts";
import { modelName, type Seeded, seedServer } from "./seed.ts";

interface Shot {
  name: string;
  path: (seeded: Seeded) => string;
  /** What is done on the page before its picture is taken. */
  before?: (page: Page) => Promise<void>;
  /** The whole page instead of what is in sight. */
  whole?: boolean;
}

const press = (id: string) => async (page: Page) => {
  await page.getByTestId(id).first().click();
};

/** Opens the first thing whose test id starts so, where there is one. */
const openFirst = (start: string) => async (page: Page) => {
  const link = page.locator(`[data-testid^="${start}"]`).first();
  if (await link.count() > 0) await link.click();
};

const shots: Shot[] = [
  { name: "experiments", path: () => "/" },
  {
    name: "experiment",
    path: (s) => `/experiments/${s.experimentId}`,
    async before(page) {
      await openFirst("expand-")(page);
    },
  },
  { name: "run", path: (s) => `/runs/${s.trialIds[0]}` },
  { name: "run-parent", path: (s) => `/runs/${s.parentId}` },
  { name: "run-curves", path: (s) => `/runs/${s.trialIds[0]}?tab=metrics` },
  { name: "run-artifacts", path: (s) => `/runs/${s.trialIds[0]}?tab=artifacts` },
  { name: "run-children", path: (s) => `/runs/${s.parentId}?tab=children` },
  { name: "compare", path: (s) => `/compare?runs=${s.trialIds.slice(0, 4).join()}`, whole: true },
  { name: "study", path: (s) => `/studies/${s.parentId}`, whole: true },
  { name: "models", path: () => "/models" },
  { name: "model", path: (s) => `/models/${s.model}`, whole: true },
  {
    name: "promote",
    path: (s) => `/models/${s.model}`,
    async before(page) {
      const button = page.locator("[data-testid^=promote-]:not([disabled])").first();
      await button.click();
      await press("promote-confirm")(page);
      await page.getByTestId("promote-outcome").waitFor();
    },
  },
  {
    name: "serving",
    path: (s) => `/serving?model=${s.model}`,
    before: press("predict"),
    whole: true,
  },
  { name: "notebooks", path: () => "/notebooks", before: openFirst("notebook-") },
  { name: "reports", path: () => "/reports", before: openFirst("report-") },
  { name: "audit", path: () => "/audit" },
  { name: "not-found", path: () => "/nowhere" },
];

/** Ids of a server that already holds something: its newest experiment with children. */
async function findSeeded(url: string): Promise<Seeded> {
  const ask = async (call: string, body: unknown) => {
    const answer = await fetch(`${url}/api/2.0/mlflow/${call}`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(body),
    });
    return await answer.json();
  };
  const { experiments } = await ask("experiments/search", {
    max_results: 1,
    order_by: ["last_update_time DESC"],
  });
  const experimentId = experiments[0].experiment_id as string;
  const { runs } = await ask("runs/search", { experiment_ids: [experimentId], max_results: 200 });
  const parentOf = (run: { data: { tags?: { key: string; value: string }[] } }) =>
    run.data.tags?.find((tag) => tag.key === "mlflow.parentRunId")?.value;
  const parentId = runs.map(parentOf).find(Boolean) ?? runs[0].info.run_id;
  const children = runs.filter((run: Parameters<typeof parentOf>[0]) => parentOf(run) === parentId);
  const models = await (await fetch(`${url}/api/2.0/mlflow/registered-models/search`)).json();
  return {
    experimentId,
    parentId,
    trialIds: [parentId, ...children.map((run: { info: { run_id: string } }) => run.info.run_id)],
    model: models.registered_models?.[0]?.name ?? modelName,
  };
}

async function settle(page: Page): Promise<void> {
  // A page that listens to events never falls idle on the network.
  await page.waitForFunction(() =>
    document.querySelector("h1, [data-testid=empty]") &&
    !document.querySelector("[data-testid=loading]")
  );
  await page.waitForTimeout(600);
}

if (import.meta.main) {
  const { values } = parseArgs({
    args: Deno.args,
    options: {
      out: { type: "string", default: "screenshots" },
      url: { type: "string" },
      only: { type: "string" },
      scheme: { type: "string" },
      narrow: { type: "boolean", default: false },
    },
  });
  const path = findComponent("chromium");
  if (!path) throw new Error("Cannot take pictures: chromium was not found on PATH");
  await Deno.mkdir(values.out, { recursive: true });
  const server = values.url ? null : await startPagesServer();
  const url = values.url ?? server!.url;
  const browser = await launchChromium(path);
  try {
    const seeded = values.url ? await findSeeded(url) : await seedServer(url);
    const wanted = values.only?.split(",");
    const schemes = (values.scheme ? [values.scheme] : ["light", "dark"]) as ("light" | "dark")[];
    for (const colorScheme of schemes) {
      const size = values.narrow ? { width: 390, height: 844 } : { width: 1280, height: 860 };
      const { page, faults, close } = await openPage(browser, url, { ...size, colorScheme });
      for (const shot of shots) {
        if (wanted && !wanted.includes(shot.name)) continue;
        await page.goto(shot.path(seeded));
        await settle(page);
        try {
          await shot.before?.(page);
        } catch (error) {
          console.error(`${shot.name}: ${(error as Error).message.split("\n")[0]}`);
        }
        await settle(page);
        const file = `${values.out}/${shot.name}-${colorScheme}${
          values.narrow ? "-narrow" : ""
        }.png`;
        await page.screenshot({ path: file, fullPage: shot.whole ?? false });
        for (const fault of faults.splice(0)) console.error(`${shot.name}: ${fault}`);
        const overflow = await page.evaluate(() =>
          document.documentElement.scrollWidth - document.documentElement.clientWidth
        );
        if (overflow > 0) console.error(`${shot.name}: wider than the window by ${overflow} px`);
      }
      await close();
    }
  } finally {
    await browser.close();
    await server?.close();
  }
}
