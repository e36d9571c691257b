/**
 * The S&P 500 proof as a table and a drawing for docs/agents.md.
 *
 * `deno run -A lib/agents/proofs/sp500_table.ts` prints the table and writes docs/images/agents_sp500.svg
 * from testdata/proof_sp500.json.
 * @module
 */
import { mean, standardDeviation } from "../../math/mod.ts";
import type { proveSp500, Row } from "./sp500_walk_forward.ts";

export type Sp500Proof = Awaited<ReturnType<typeof proveSp500>>;

/** Rows by strategy, in the order of the table. */
function byStrategy({ rows }: Sp500Proof): [string, Row[]][] {
  return Object.entries(Object.groupBy(rows, (r) => r.strategy)) as [string, Row[]][];
}

/** Mean, and ± sample standard deviation over seeds where there are several. */
function spread(values: number[], format: (x: number) => string): string {
  const center = format(mean(values));
  return values.length > 1 ? `${center} ± ${format(standardDeviation(values))}` : center;
}

/** The table in Markdown. */
export function renderTable(proof: Sp500Proof): string {
  const number = (x: number) => x.toFixed(2);
  const percent = (x: number) => `${(100 * x).toFixed(1)} %`;
  const columns: [string, keyof Row, (x: number) => string][] = [
    ["Sharpe", "sharpe", number],
    ["deflated Sharpe", "deflatedSharpe", number],
    ["CAGR", "cagr", percent],
    ["volatility", "volatility", percent],
    ["max drawdown", "maxDrawdown", percent],
    ["exposure", "exposure", percent],
    ["turnover a year", "turnover", number],
  ];
  const lines = [
    `| strategy | seeds | ${columns.map(([title]) => title).join(" | ")} |`,
    `|---|---|${columns.map(() => "---").join("|")}|`,
    ...byStrategy(proof).map(([name, rows]) => {
      const cells = columns.map(([, key, format]) =>
        spread(rows.map((r) => Number(r[key])), format)
      );
      return `| ${name} | ${rows.length} | ${cells.join(" | ")} |`;
    }),
  ];
  return lines.join("\n");
}

/** Sharpe ratio of each seed as a point, their mean as a line; holding as a dashed line over all. */
export function renderDrawing(proof: Sp500Proof): string {
  const groups = byStrategy(proof);
  const left = 110, width = 640, rowHeight = 30, top = 34;
  const height = top + groups.length * rowHeight + 40;
  const all = proof.rows.map((r) => r.sharpe);
  const low = Math.min(0, ...all) - 0.05, high = Math.max(0, ...all) + 0.05;
  const x = (v: number) => (left + (v - low) / (high - low) * (width - left - 20)).toFixed(1);
  const hold = groups.find(([name]) => name === "buy and hold")![1][0].sharpe;
  const ticks: number[] = [];
  for (let v = Math.ceil(low * 5) / 5; v <= high; v += 0.2) ticks.push(Math.round(v * 10) / 10);
  const bottom = top + groups.length * rowHeight;
  const parts = [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" font-family="system-ui, sans-serif" font-size="12" role="img" aria-label="Sharpe ratios out of sample by strategy and seed">`,
    `<style>svg{--ink:#1f2328;--faint:#8c959f;--mark:#0969da}@media(prefers-color-scheme:dark){svg{--ink:#e6edf3;--faint:#6e7681;--mark:#4493f8}}text{fill:var(--ink)}.faint{stroke:var(--faint);stroke-opacity:.45}.hold{stroke:var(--ink);stroke-dasharray:4 3}.point{fill:var(--mark);fill-opacity:.75}.mean{stroke:var(--ink);stroke-width:2}</style>`,
    `<text x="${left}" y="16">Sharpe ratio, ${proof.from} to ${proof.to}, after costs; one point a seed</text>`,
    ...ticks.map((t) =>
      `<line class="faint" x1="${x(t)}" x2="${x(t)}" y1="${top - 8}" y2="${bottom}"/><text x="${
        x(t)
      }" y="${bottom + 16}" text-anchor="middle">${t.toFixed(1)}</text>`
    ),
    `<line class="hold" x1="${x(hold)}" x2="${x(hold)}" y1="${top - 8}" y2="${bottom}"/>`,
    ...groups.flatMap(([name, rows], i) => {
      const y = top + i * rowHeight + rowHeight / 2 - 4;
      const middle = x(mean(rows.map((r) => r.sharpe)));
      return [
        `<text x="${left - 12}" y="${y + 4}" text-anchor="end">${name}</text>`,
        `<line class="mean" x1="${middle}" x2="${middle}" y1="${y - 9}" y2="${y + 9}"/>`,
        ...rows.map((r) => `<circle class="point" cx="${x(r.sharpe)}" cy="${y}" r="4.5"/>`),
      ];
    }),
    `<text x="${left}" y="${
      bottom + 34
    }" font-size="11">dashed: buy and hold; bars: means over seeds</text>`,
    "</svg>",
  ];
  return parts.join("\n") + "\n";
}

if (import.meta.main) {
  const proof = JSON.parse(
    await Deno.readTextFile(new URL("../testdata/proof_sp500.json", import.meta.url)),
  ) as Sp500Proof;
  console.log(renderTable(proof));
  const path = new URL("../../../docs/images/agents_sp500.svg", import.meta.url);
  await Deno.writeTextFile(path, renderDrawing(proof));
}
