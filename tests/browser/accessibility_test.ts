/** Every page against the WCAG 2.2 AA rules of axe-core, in light and dark, wide and narrow. */
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { testWith } from "../support/components.ts";
import { launchChromium, openPage } from "./chromium.ts";
import { startPagesServer } from "./pages_server.ts";
import { seedServer } from "./seed.ts";

/** What does not depend on colours and width is looked at once. */
const looks = [
  {
    width: 1280,
    height: 860,
    colorScheme: "light",
    only: { type: "tag", values: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"] },
  },
  {
    width: 390,
    height: 844,
    colorScheme: "dark",
    only: {
      type: "rule",
      values: ["color-contrast", "scrollable-region-focusable", "target-size"],
    },
  },
] as const;

interface Violation {
  id: string;
  nodes: { html: string; failureSummary?: string }[];
}

testWith(
  "chromium",
  "every page keeps the accessibility rules and fits its window",
  async (path) => {
    const axe = await Deno.readTextFile(fileURLToPath(import.meta.resolve("axe-core")));
    const server = await startPagesServer();
    const browser = await launchChromium(path);
    try {
      const seeded = await seedServer(server.url, { trials: 2 });
      const [trial, other] = seeded.trialIds;
      await fetch(`${server.url}/api/tapebook/v1/promotions`, {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify({ model: seeded.model, version: "1" }),
      });
      const addresses = [
        "/",
        `/experiments/${seeded.experimentId}`,
        `/runs/${trial}`,
        `/runs/${trial}?tab=metrics`,
        `/runs/${trial}?tab=artifacts`,
        `/compare?runs=${trial},${other}`,
        `/studies/${seeded.parentId}`,
        "/models",
        `/models/${seeded.model}`,
        `/serving?model=${seeded.model}`,
        "/notebooks",
        "/reports",
        "/audit",
      ];
      const found: string[] = [];
      for (const look of looks) {
        const { page, faults, close } = await openPage(browser, server.url, look);
        for (const address of addresses) {
          await page.goto(address);
          await page.locator("h1").waitFor();
          await page.waitForFunction(() => !document.querySelector("[data-testid=loading]"));
          await page.evaluate(axe);
          const violations = await page.evaluate(async (runOnly) => {
            const { axe } = globalThis as unknown as {
              axe: { run(root: Document, options: unknown): Promise<{ violations: Violation[] }> };
            };
            return (await axe.run(document, { runOnly })).violations;
          }, look.only);
          for (const { id, nodes } of violations) {
            for (const node of nodes) {
              found.push(
                `${look.colorScheme} ${address} ${id}: ${node.html}\n${node.failureSummary}`,
              );
            }
          }
          const excess = await page.evaluate(() =>
            document.documentElement.scrollWidth - document.documentElement.clientWidth
          );
          if (excess > 0) {
            found.push(
              `${look.width} ${address}: wider than the window by ${excess} px`,
            );
          }
          found.push(...faults.splice(0));
        }
        await close();
      }
      assert.deepEqual(found, []);
    } finally {
      await browser.close();
      await server.close();
    }
  },
  { sanitizeOps: false, sanitizeResources: false },
);
