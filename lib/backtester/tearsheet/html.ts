import { costRows, date, metricRows, money, percent, plain } from "./figures.ts";
import type { TearsheetContent } from "./render_tearsheet.ts";
import type { Trade } from "../trade.ts";

const pageStyle = `
.tapebook-sheet { --bg: #ffffff; --text: #1c2430; --soft: #667085; --line: #e4e7ec; --card: #f7f8fa;
  --good: #1a7f5a; --bad: #c4432b; --accent: #1f5fbf; --grey: #98a2b3;
  background: var(--bg); color: var(--text); font: 14px/1.5 system-ui, sans-serif; padding: 24px; }
@media (prefers-color-scheme: dark) { .tapebook-sheet { --bg: #12161d; --text: #e6e9ef; --soft: #98a2b3;
  --line: #2b3340; --card: #1a2029; --good: #4cc38a; --bad: #f2805f; --accent: #7db0ff; --grey: #7c8799; } }
.tapebook-sheet .page { max-width: 1160px; margin: 0 auto; }
.tapebook-sheet h1 { font-size: 22px; line-height: 1.25; margin: 0 0 4px; }
.tapebook-sheet h2 { font-size: 15px; margin: 28px 0 8px; }
.tapebook-sheet p { margin: 0 0 6px; color: var(--soft); max-width: 80ch; }
.tapebook-sheet .tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(130px, 1fr)); gap: 8px; margin: 16px 0; }
.tapebook-sheet .tile { background: var(--card); border-radius: 8px; padding: 10px 12px; }
.tapebook-sheet .tile b { display: block; font-size: 20px; font-weight: 600; font-variant-numeric: tabular-nums; }
.tapebook-sheet .tile span { color: var(--soft); font-size: 12px; }
.tapebook-sheet .columns { display: grid; grid-template-columns: minmax(0, 760px) minmax(360px, 1fr); gap: 32px; align-items: start; }
@media (max-width: 980px) { .tapebook-sheet .columns { grid-template-columns: minmax(0, 1fr); } }
.tapebook-sheet svg { max-width: 100%; height: auto; display: block; }
.tapebook-sheet table { border-collapse: collapse; width: 100%; font-size: 13px; font-variant-numeric: tabular-nums; }
.tapebook-sheet th, .tapebook-sheet td { text-align: right; padding: 4px 8px; border-bottom: 1px solid var(--line); white-space: nowrap; }
.tapebook-sheet th { color: var(--soft); font-weight: 500; }
.tapebook-sheet th:first-child, .tapebook-sheet td:first-child { text-align: left; padding-left: 0; }
.tapebook-sheet .wide { overflow-x: auto; }
.tapebook-sheet .good { color: var(--good); } .tapebook-sheet .bad { color: var(--bad); }
.tapebook-sheet .key { display: flex; gap: 16px; color: var(--soft); font-size: 12px; margin: 4px 0; }
.tapebook-sheet .key i { display: inline-block; width: 16px; height: 3px; border-radius: 2px; vertical-align: middle; margin-right: 6px; background: var(--accent); }
.tapebook-sheet .key .other { background: var(--grey); }
`.trim();

const escape = (text: string) =>
  text.replace(/[&<>"]/g, (c) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" })[c]!);

const captions: Record<string, string> = {
  equity: "Equity",
  underwater: "Underwater",
  "rolling-sharpe": "Rolling Sharpe ratio",
  monthly: "Monthly returns, %",
  distribution: "Distribution of returns",
  exposure: "Exposure",
};

/** The whole file and its body. */
export function tearsheetHtml(content: TearsheetContent): { html: string; fragment: string } {
  const { result, benchmark, title, options, svgs } = content;
  const m = result.metrics;
  const n = result.time.length;
  const tile = (label: string, value: string, sign = 0) =>
    `<div class="tile"><span>${label}</span><b class="${
      sign > 0 ? "good" : sign < 0 ? "bad" : ""
    }">${value}</b></div>`;
  const key = benchmark
    ? `<div class="key"><span><i></i>${escape(result.strategy)}</span><span><i class="other"></i>${
      escape(benchmark.name)
    }</span></div>`
    : "";
  const withKey = new Set(["equity", "underwater", "rolling-sharpe"]);
  const charts = Object.entries(svgs).map(([name, svg]) =>
    `<h2>${captions[name] ?? name}</h2>${withKey.has(name) ? key : ""}${svg}`
  ).join("\n");
  const metricTable = table(
    benchmark ? ["Metric", escape(result.strategy), escape(benchmark.name)] : ["Metric", "Value"],
    metricRows(result, benchmark).map((r) =>
      benchmark ? [r.label, r.value, r.benchmark] : [r.label, r.value]
    ),
  );
  const costs = table(
    ["Cost", "Amount", "Of starting cash"],
    costRows(result).map((r) => [r.label, r.value, r.share]),
  );
  const params = Object.entries(result.params).map(([k, v]) => `${k} ${JSON.stringify(v)}`).join(
    ", ",
  );
  const verdict = options.verdict?.length
    ? `<h2>Validation</h2>${
      table(
        ["Check", "Value", "Verdict"],
        options.verdict.map((v) => [
          escape(v.check),
          escape(v.value),
          `<span class="${v.passed ? "good" : "bad"}">${v.passed ? "passed" : "failed"}</span>`,
        ]),
      )
    }`
    : "";
  const notes = (options.notes ?? []).map((s) => `<p>${escape(s)}</p>`).join("\n");
  const stopped = result.stopped
    ? `<p class="bad">Trading ended at bar ${result.stopped.bar}: ${
      escape(result.stopped.reason)
    }</p>`
    : "";
  const fragment = `<style>${pageStyle}</style>
<div class="tapebook-sheet"><div class="page">
<h1>${escape(title)}</h1>
<p>${escape(result.strategy)}${params ? ` (${escape(params)})` : ""}, ${
    escape(
      result.symbols.length > 6 ? `${result.symbols.length} symbols` : result.symbols.join(", "),
    )
  }, ${date(result.time[0])} to ${date(result.time[n - 1])}, ${
    n.toLocaleString("en-US")
  } bars, starting cash ${money(result.initialCash)}</p>
${notes}${stopped}
<div class="tiles">
${tile("Total return", percent(m.total_return), Math.sign(m.total_return))}
${tile("CAGR", percent(m.cagr), Math.sign(m.cagr))}
${tile("Sharpe", plain(m.sharpe))}
${tile("Sortino", plain(m.sortino))}
${tile("Max drawdown", percent(m.max_drawdown))}
${tile("Turnover a year", plain(m.turnover))}
${tile("Closed trades", plain(m.trades, 0))}
</div>
${verdict}
<div class="columns"><div>
${charts}
</div><div>
<h2>Metrics</h2>${metricTable}
<h2>Costs</h2>${costs}
</div></div>
<h2>Trades</h2>
${tradeTable(result.trades, result.openTrades, options.tradesShown ?? 200)}
</div></div>`;
  const html = `<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${escape(title)}</title>
<style>html, body { margin: 0; } @media (prefers-color-scheme: dark) { body { background: #12161d; } }</style>
</head><body>
${fragment}
</body></html>
`;
  return { html, fragment };
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const cells = (tag: string, row: readonly string[]) =>
    `<tr>${row.map((c) => `<${tag}>${c}</${tag}>`).join("")}</tr>`;
  return `<div class="wide"><table><thead>${cells("th", head)}</thead><tbody>${
    rows.map((r) => cells("td", r)).join("\n")
  }</tbody></table></div>`;
}

function tradeTable(closed: readonly Trade[], open: readonly Trade[], shown: number): string {
  const all = [...closed, ...open];
  if (all.length === 0) return "<p>No trades</p>";
  const half = Math.floor(shown / 2);
  const chosen = all.length <= shown ? all : [...all.slice(0, half), ...all.slice(-half)];
  const left = all.length - chosen.length;
  return (left > 0
    ? `<p>First and last ${half} of ${all.length.toLocaleString("en-US")} trades</p>`
    : "") + table(
      [
        "Symbol",
        "Side",
        "Units",
        "Entry",
        "Price",
        "Exit",
        "Price",
        "Bars",
        "Fees",
        "PnL",
        "Return",
      ],
      chosen.map((t) => [
        escape(t.symbol),
        t.side,
        Math.abs(t.units).toLocaleString("en-US", { maximumFractionDigits: 4 }),
        date(t.entryTime),
        plain(t.entryPrice),
        t.isOpen ? "open" : date(t.exitTime),
        plain(t.exitPrice),
        String(t.bars),
        money(t.fees),
        `<span class="${t.pnl >= 0 ? "good" : "bad"}">${money(t.pnl)}</span>`,
        percent(t.tradeReturn),
      ]),
    );
}
