import assert from "node:assert/strict";
import fc from "fast-check";
import type { Run } from "../../lib/contracts/mlflow/mod.ts";
import { testServer } from "../../tests/support/server.ts";
import { runGrammar } from "./grammars.ts";
import { type Order, parseOrderBy } from "./order.ts";

type Value = number | string | null;

function valueOf(run: Run, { entity, key }: Order): Value {
  switch (entity) {
    case "metric":
      return run.data.metrics.find((m) => m.key === key)?.value ?? null;
    case "parameter":
      return run.data.params.find((p) => p.key === key)?.value ?? null;
    case "tag":
      return run.data.tags.find((t) => t.key === key)?.value ?? null;
    default:
      return run.info[key as "start_time" | "end_time" | "run_id" | "status"] ?? null;
  }
}

/** The order that search promises, written without SQL: NaN after numbers and nothing last. */
function compare(a: Value, b: Value, ascending: boolean): number {
  const rank = (v: Value) => v === null ? 2 : Number.isNaN(v) ? 1 : 0;
  if (rank(a) !== rank(b) || rank(a) > 0) return rank(a) - rank(b);
  const sign = a! < b! ? -1 : a! > b! ? 1 : 0;
  return ascending ? sign : -sign;
}

function sorted(runs: readonly Run[], orders: Order[]): string[] {
  const all = [
    ...orders,
    { entity: "attribute", key: "start_time", ascending: false },
    { entity: "attribute", key: "run_id", ascending: true },
  ];
  return runs.toSorted((x, y) => {
    for (const order of all) {
      const sign = compare(valueOf(x, order), valueOf(y, order), order.ascending);
      if (sign !== 0) return sign;
    }
    return 0;
  }).map((run) => run.info.run_id);
}

const clause = fc.tuple(
  fc.constantFrom(
    "metrics.m",
    "metrics.n",
    "params.p",
    "tags.t",
    "status",
    "start_time",
    "end_time",
  ),
  fc.constantFrom("", " ASC", " DESC"),
);
const clauses = fc.uniqueArray(clause, { maxLength: 3, selector: ([field]) => field })
  .map((list) => list.map((parts) => parts.join("")));

testServer(
  "pages follow each other in the order asked for, with ties, NaN and gaps",
  async (server) => {
    const { tracking } = server.services;
    const experimentId = await tracking.createExperiment(`orders ${crypto.randomUUID()}`);
    const other = await tracking.createExperiment(`orders ${crypto.randomUUID()}`);
    const values = [0, 1, 1, -1, NaN, Infinity, -Infinity, 0.5];
    const texts = ["a", "B", "a", "ä", "", "aa"];
    for (let i = 0; i < 40; i++) {
      const run = await tracking.createRun({
        experimentId: i % 9 === 8 ? other : experimentId,
        startTime: 1000 + i % 4,
      });
      await tracking.logBatch(run.info.run_id, {
        metrics: [
          ...i % 5 === 4 ? [] : [{ key: "m", value: values[i % 8], timestamp: 1, step: 0 }],
          ...i % 2 ? [] : [{ key: "n", value: values[(i * 3) % 8], timestamp: 1, step: 0 }],
        ],
        params: i % 3 === 2 ? [] : [{ key: "p", value: texts[i % 6] }],
        tags: i % 7 === 6 ? [] : [{ key: "t", value: texts[(i * 5) % 6] }],
      });
      if (i % 4 === 0) {
        await tracking.updateRun(run.info.run_id, { status: "FINISHED", endTime: 2000 + i % 8 });
      }
      if (i % 11 === 10) await tracking.deleteRun(run.info.run_id);
    }
    const filters = [
      undefined,
      "metrics.m > -2",
      "metrics.m != 1 and params.p != 'x'",
      "not metrics.n < 1",
    ];
    await fc.assert(
      fc.asyncProperty(
        clauses,
        fc.integer({ min: 1, max: 9 }),
        fc.constantFrom(...filters),
        fc.constantFrom<string[]>([experimentId], [experimentId, other]),
        async (orderBy, maxResults, filter, experiments) => {
          const matching = (await tracking.searchRuns(experiments, { filter })).items;
          const found: string[] = [];
          let pageToken: string | undefined;
          do {
            const page = await tracking.searchRuns(experiments, {
              filter,
              orderBy,
              maxResults,
              pageToken,
            });
            assert.ok(page.items.length === maxResults || !page.nextPageToken);
            found.push(...page.items.map((run) => run.info.run_id));
            pageToken = page.nextPageToken;
          } while (pageToken);
          assert.deepEqual(
            found,
            sorted(matching, parseOrderBy(orderBy, runGrammar)),
            `${orderBy}`,
          );
        },
      ),
      { numRuns: 40, seed: 5 },
    );
  },
);
