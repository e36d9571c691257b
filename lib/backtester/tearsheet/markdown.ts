import { costRows, date, metricRows, money, percent, plain } from "./figures.ts";
import type { TearsheetContent } from "./render_tearsheet.ts";

/** The tearsheet as Markdown; charts stand beside it as SVG files. */
export function tearsheetMarkdown(content: TearsheetContent): string {
  const { result, benchmark, title, options, svgs } = content;
  const n = result.time.length;
  const lines: string[] = [
    `# ${title}`,
    "",
    `${result.strategy}, ${result.symbols.join(", ")}, ${date(result.time[0])} to ${
      date(result.time[n - 1])
    }, ${n} bars, starting cash ${money(result.initialCash)}.`,
    "",
  ];
  for (const note of options.notes ?? []) lines.push(note, "");
  if (options.verdict?.length) {
    lines.push("## Validation", "", "| Check | Value | Verdict |", "|---|---:|---|");
    for (const v of options.verdict) {
      lines.push(`| ${v.check} | ${v.value} | ${v.passed ? "passed" : "failed"} |`);
    }
    lines.push("");
  }
  lines.push("## Metrics", "");
  if (benchmark) {
    lines.push(`| Metric | ${result.strategy} | ${benchmark.name} |`, "|---|---:|---:|");
  } else lines.push("| Metric | Value |", "|---|---:|");
  for (const r of metricRows(result, benchmark)) {
    lines.push(
      benchmark ? `| ${r.label} | ${r.value} | ${r.benchmark} |` : `| ${r.label} | ${r.value} |`,
    );
  }
  lines.push("", "## Costs", "", "| Cost | Amount | Of starting cash |", "|---|---:|---:|");
  for (const r of costRows(result)) lines.push(`| ${r.label} | ${r.value} | ${r.share} |`);
  lines.push("");
  for (const name of Object.keys(svgs)) lines.push(`![${name}](${name}.svg)`, "");
  const trades = [...result.trades, ...result.openTrades];
  lines.push(
    `## Trades`,
    "",
    `${result.trades.length} closed, ${result.openTrades.length} open.`,
    "",
  );
  if (trades.length > 0) {
    lines.push(
      "| Symbol | Side | Entry | Price | Exit | Price | PnL | Return |",
      "|---|---|---|---:|---|---:|---:|---:|",
    );
    for (const t of trades.slice(-30)) {
      lines.push(
        `| ${t.symbol} | ${t.side} | ${date(t.entryTime)} | ${plain(t.entryPrice)} | ${
          t.isOpen ? "open" : date(t.exitTime)
        } | ${plain(t.exitPrice)} | ${money(t.pnl)} | ${percent(t.tradeReturn)} |`,
      );
    }
    lines.push("");
  }
  return lines.join("\n");
}
