/**
 * `/api/tapebook/v1/studies/{study}/…`: the data of its charts, its summary and its exports.
 * @module
 */
import { createRoute, z } from "@hono/zod-openapi";
import { exportOptunaJournal } from "../../../lib/tuner/exchange/optuna_journal.ts";
import { exportCsv, exportJson } from "../../../lib/tuner/exchange/tables.ts";
import * as data from "../../../lib/tuner/insight/plot_data.ts";
import type { StudyData } from "../../../lib/tuner/insight/plot_data.ts";
import { studySummary } from "../../../lib/tuner/insight/summary.ts";
import { invalid } from "../../errors.ts";
import { studiesOf } from "../../services/studies.ts";
import { answers, newApi } from "./openapi.ts";

interface ChartQuery {
  x?: string;
  y?: string;
  objective: number;
  method: "pedAnova" | "fanova";
}

/** Two parameters, the first ones by importance unless they are named. */
function pair(study: StudyData, { x, y }: ChartQuery): [string, string] {
  const names = data.importanceData(study).map((row) => row.param);
  const [first = x ?? "", second = first] = [x, y, ...names.filter((n) => n !== x && n !== y)]
    .filter((n) => n !== undefined);
  return [first, second];
}

/** Rows of each chart. */
const charts = {
  history: (study, q) => data.historyData(study, q.objective),
  slice: (study, q) => data.sliceData(study, q.x ? [q.x] : undefined, q.objective),
  contour: (study, q) => data.contourData(study, ...pair(study, q), q.objective),
  rank: (study, q) => data.rankData(study, ...pair(study, q), q.objective),
  parallel: (study, q) => data.parallelData(study, undefined, q.objective),
  edf: (study, q) => data.edfData(study, q.objective),
  pareto: (study) => data.paretoData(study),
  timeline: (study) => data.timelineData(study),
  intermediate: (study) => data.intermediateData(study),
  importances: (study, q) => data.importanceData(study, { method: q.method }),
} satisfies Record<string, (study: StudyData, query: ChartQuery) => unknown[]>;

const chartNames = Object.keys(charts) as [keyof typeof charts, ...(keyof typeof charts)[]];

/** JSON has no infinities: such values are null in charts. */
const chartJson = (rows: unknown[]) =>
  JSON.parse(
    JSON.stringify(rows, (_k, v) => typeof v === "number" && !Number.isFinite(v) ? null : v),
  );

const exports = {
  json: { type: "application/json", make: exportJson, file: "json" },
  csv: { type: "text/csv; charset=utf-8", make: exportCsv, file: "csv" },
  journal: { type: "text/plain; charset=utf-8", make: exportOptunaJournal, file: "log" },
  summary: { type: "text/markdown; charset=utf-8", make: studySummary, file: "md" },
};

export const studyInsightRoutes = newApi()
  .openapi(
    createRoute({
      method: "get",
      path: "/{study}/charts/{chart}",
      summary: "The rows behind a chart of the study",
      request: {
        params: z.object({ study: z.string(), chart: z.enum(chartNames) }),
        query: z.object({
          x: z.string().optional(),
          y: z.string().optional(),
          objective: z.coerce.number().int().min(0).default(0),
          method: z.enum(["pedAnova", "fanova"]).default("pedAnova"),
        }),
      },
      responses: answers(
        "The rows; infinite values are null",
        z.object({ rows: z.array(z.record(z.string(), z.unknown())) }),
      ),
    }),
    async (c) => {
      const { study, chart } = c.req.valid("param");
      const query = c.req.valid("query");
      const { spec, trials } = await studiesOf(c.get("services")).read(study);
      if (query.objective >= spec.directions.length) {
        throw invalid(
          `objective must be below ${spec.directions.length}, got ${query.objective}`,
        );
      }
      try {
        const rows = charts[chart]({ ...spec, trials }, query);
        return c.json({ rows: chartJson(rows) }, 200);
      } catch (error) {
        if (error instanceof RangeError) throw invalid(error.message);
        throw error;
      }
    },
  )
  .openapi(
    createRoute({
      method: "get",
      path: "/{study}/export/{format}",
      summary: "The study as JSON, CSV, an Optuna journal or a Markdown summary",
      request: {
        params: z.object({
          study: z.string(),
          format: z.enum(["json", "csv", "journal", "summary"]),
        }),
      },
      responses: {
        200: { description: "The file", content: { "text/plain": { schema: z.string() } } },
      },
    }),
    async (c) => {
      const { study, format } = c.req.valid("param");
      const { type, make, file } = exports[format];
      const name = study.replace(/[^\w.-]+/g, "_");
      return c.text(make(await studiesOf(c.get("services")).read(study)), 200, {
        "content-type": type,
        "content-disposition": `attachment; filename="${name}.${file}"`,
      });
    },
  );
