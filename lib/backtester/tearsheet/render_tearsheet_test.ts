import assert from "node:assert/strict";
import { backtest } from "../backtest.ts";
import { renderTearsheet } from "./render_tearsheet.ts";
import { buyAndHold } from "../strategies/buy_and_hold.ts";
import { smaCross } from "../strategies/sma_cross.ts";
import { randomBars } from "../testdata/make_bars.ts";
import { thinOut } from "./thin_out.ts";
import { testWith } from "../../../tests/support/components.ts";

const bars = { ...randomBars(300, 5, { drift: 0.0004 }), symbol: "ACME <&>" };
const costs = { cash: 10_000, fees: 0.001, slippage: 0.0005 };
const result = backtest(bars, smaCross({ fast: 5, slow: 20 }), costs);
const benchmark = backtest(bars, buyAndHold(), costs);

Deno.test("renderTearsheet() gives one self-contained file with every part of the sheet", async () => {
  const sheet = await renderTearsheet(result, {
    title: "Cross & hold",
    benchmark,
    verdict: [{ check: "PSR > 0.95", value: "0.41", passed: false }],
    notes: ["Fills at the next open"],
  });
  assert.deepEqual(Object.keys(sheet.svgs), [
    "equity",
    "underwater",
    "rolling-sharpe",
    "monthly",
    "distribution",
    "exposure",
  ]);
  const { html } = sheet;
  assert.match(html, /^<!doctype html>/);
  assert.doesNotMatch(html, /<script|<link|src=|href="http/);
  assert.doesNotMatch(html, /NaN|undefined|\[object/);
  assert.ok(html.includes("ACME &lt;&amp;&gt;"));
  assert.ok(html.includes("prefers-color-scheme: dark"));
  for (
    const text of [
      "Cross &amp; hold",
      "Maximum drawdown",
      "Commission",
      "Spread and slippage",
      "PSR &gt; 0.95",
      "failed",
      "Fills at the next open",
      "buyAndHold",
      `${result.trades.length}</b>`,
    ]
  ) assert.ok(html.includes(text), `${text} is missing`);
  assert.equal((html.match(/<svg/g) ?? []).length, 6);
});

Deno.test("renderTearsheet() gives Markdown that names its charts, and charts that stand alone", async () => {
  const { markdown, svgs } = await renderTearsheet(result, {});
  for (const [name, svg] of Object.entries(svgs)) {
    assert.ok(markdown.includes(`![${name}](${name}.svg)`));
    assert.match(svg, /^<svg[^>]* viewBox="0 0 760 \d+"/);
    assert.match(svg, /xmlns="http:\/\/www.w3.org\/2000\/svg"/);
  }
  assert.match(markdown, /\| Sharpe ratio \| -?\d+\.\d\d \|/);
});

Deno.test("renderTearsheet() draws runs without trades, short runs, and refuses other lengths", async () => {
  const idle = backtest(randomBars(12, 1), { name: "idle", next() {} });
  const { html, svgs } = await renderTearsheet(idle);
  assert.ok(html.includes("No trades"));
  assert.ok(!("rolling-sharpe" in svgs)); // too few bars to roll
  await assert.rejects(
    renderTearsheet(idle, { benchmark }),
    /the benchmark must have 12 returns, got 300/,
  );
  await assert.rejects(
    renderTearsheet(backtest(randomBars(1, 1), { name: "one", next() {} })),
    /at least 2 bars, got 1/,
  );
});

Deno.test("a result shows itself in a notebook as its tearsheet", async () => {
  // deno-lint-ignore no-explicit-any
  const shown = await (result as any)[Symbol.for("Jupyter.display")]();
  assert.match(shown["text/html"], /class="tapebook-sheet"/);
  assert.match(shown["text/plain"], /^smaCross 2015-01-01 to 2015-10-27: return/);
});

Deno.test("thinOut() keeps ends and extremes of long columns", () => {
  const column = randomBars(10_000, 3).close;
  const kept = thinOut(column, 400);
  assert.ok(kept.length <= 400);
  assert.deepEqual([kept[0], kept.at(-1)], [0, 9999]);
  const values = Array.from(kept, (t) => column[t]);
  assert.equal(Math.max(...values), column.reduce((a, b) => Math.max(a, b)));
  assert.equal(Math.min(...values), column.reduce((a, b) => Math.min(a, b)));
});

Deno.test("importing the backtester loads no DOM, no chart library and no native add-on", async () => {
  const code = `
    await import("./lib/backtester/mod.ts");
    await import("./lib/validation/mod.ts");
    const loaded = Object.keys((await import("node:module")).createRequire(import.meta.url).cache ?? {});
    if (loaded.some((m) => /plot|linkedom|duckdb|onnx|zeromq/.test(m))) throw new Error(loaded.join());
  `;
  // Without any permission: a native add-on or a package that reads a file would fail.
  const output = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-prompt", "--no-check", "--ext=ts", "-"],
    stdin: "piped",
    stdout: "null",
    stderr: "piped",
  }).spawn();
  const writer = output.stdin.getWriter();
  await writer.write(new TextEncoder().encode(code));
  await writer.close();
  const { success, stderr } = await output.output();
  assert.ok(success, new TextDecoder().decode(stderr));
});

testWith("chromium", "the tearsheet lays out without overflow, light and dark", async (path) => {
  const { chromium } = await import("playwright-core");
  const { html } = await renderTearsheet(result, { benchmark, title: "Layout" });
  const browser = await chromium.launch({ executablePath: path, args: ["--no-sandbox"] });
  try {
    const colours: string[] = [];
    for (const colorScheme of ["light", "dark"] as const) {
      for (const width of [1280, 420]) {
        const page = await browser.newPage({ colorScheme, viewport: { width, height: 800 } });
        await page.setContent(html);
        const seen = await page.evaluate(() => {
          const sheet = document.querySelector(".tapebook-sheet")!;
          return {
            wide: document.documentElement.scrollWidth - document.documentElement.clientWidth,
            background: getComputedStyle(sheet).backgroundColor,
            charts: [...document.querySelectorAll("svg")].map((s) =>
              s.getBoundingClientRect().height
            ),
          };
        });
        assert.ok(seen.wide <= 0, `${seen.wide} px too wide at ${width}`);
        assert.ok(seen.charts.every((h) => h > 20));
        if (width === 1280) colours.push(seen.background);
        await page.close();
      }
    }
    assert.equal(new Set(colours).size, 2);
  } finally {
    await browser.close();
  }
}, { sanitizeResources: false, sanitizeOps: false });
