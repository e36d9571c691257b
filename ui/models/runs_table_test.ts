import assert from "node:assert/strict";
import type { RunPage, RunSearch } from "../api.ts";
import type { RunRecord } from "./run_record.ts";
import { compareCells, createRunsTable } from "./runs_table.ts";

function makeRun(id: string, more: Partial<RunRecord> = {}): RunRecord {
  return {
    id,
    name: `run ${id}`,
    experimentId: "1",
    user: "ada",
    status: "FINISHED",
    startTime: 1000,
    endTime: 2000,
    parentId: null,
    metrics: {},
    lastSteps: {},
    params: {},
    tags: {},
    datasets: [],
    ...more,
  };
}

/** A server that pages through `runs`; it records what was asked. */
function fakeApi(runs: RunRecord[]) {
  const asked: RunSearch[] = [];
  return {
    asked,
    runs,
    searchRuns(_ids: string[], search: RunSearch): Promise<RunPage> {
      asked.push(search);
      if (search.filter?.includes("!!")) {
        return Promise.reject(
          Object.assign(new Error("Invalid filter at 1"), { code: "INVALID_PARAMETER_VALUE" }),
        );
      }
      const from = Number(search.pageToken ?? 0);
      const to = from + (search.maxResults ?? 1000);
      return Promise.resolve({
        runs: this.runs.slice(from, to),
        nextPageToken: to < this.runs.length ? String(to) : undefined,
      });
    },
  };
}

const settled = () => new Promise((done) => setTimeout(done, 0));
const ids = (table: ReturnType<typeof createRunsTable>) => table.rows.value.map((r) => r.run.id);

Deno.test("all pages are loaded, the first one small", async () => {
  const api = fakeApi(Array.from({ length: 2500 }, (_, i) => makeRun(String(i))));
  const table = createRunsTable(api, "1");
  await settled();
  assert.equal(table.count.value, 2500);
  assert.ok(table.isComplete.value);
  assert.deepEqual(api.asked.map((a) => a.maxResults), [200, 1000, 1000, 1000]);
});

Deno.test("a column sorts down, up, and back to the order of arrival", async () => {
  const sharpe = [1, NaN, 3, 2];
  const runs = sharpe.map((s, i) => makeRun(String(i), { metrics: { sharpe: s } }));
  const table = createRunsTable(fakeApi([...runs, makeRun("none")]), "1");
  await settled();
  table.toggleSort("metric:sharpe");
  assert.deepEqual(ids(table), ["2", "3", "0", "1", "none"]);
  table.toggleSort("metric:sharpe");
  assert.deepEqual(ids(table), ["0", "3", "2", "1", "none"]);
  table.toggleSort("metric:sharpe");
  assert.deepEqual(ids(table), ["0", "1", "2", "3", "none"]);
});

Deno.test("params that are numbers sort by size, not by the alphabet", () => {
  assert.ok(compareCells("9", "10", false) < 0);
  assert.ok(compareCells("1e-3", "0.01", false) < 0);
  assert.ok(compareCells("adam", "sgd", false) < 0);
  assert.ok(compareCells("3", "adam", true) < 0);
  assert.ok(compareCells(null, "adam", true) > 0);
});

Deno.test("children stand under their parent once it is opened", async () => {
  const runs = [
    makeRun("parent"),
    makeRun("a", { parentId: "parent", metrics: { value: 1 } }),
    makeRun("b", { parentId: "parent", metrics: { value: 2 } }),
    makeRun("orphan", { parentId: "elsewhere" }),
  ];
  const table = createRunsTable(fakeApi(runs), "1");
  await settled();
  assert.deepEqual(ids(table), ["parent", "orphan"]);
  assert.equal(table.rows.value[0].childCount, 2);
  table.toggleExpanded("parent");
  table.toggleSort("metric:value");
  assert.deepEqual(ids(table), ["parent", "b", "a", "orphan"]);
  table.toggleGrouped();
  assert.deepEqual(ids(table), ["b", "a", "parent", "orphan"]);
});

Deno.test("a refused filter says so and keeps the runs that were there", async () => {
  const table = createRunsTable(fakeApi([makeRun("1")]), "1");
  await settled();
  table.applyFilter("metrics.sharpe !! 1");
  await settled();
  assert.equal(table.filterError.value, "Invalid filter at 1");
  assert.equal(table.count.value, 1);
  table.applyFilter("metrics.sharpe > 1");
  await settled();
  assert.equal(table.filterError.value, null);
});

Deno.test("refresh brings new runs in front and the ends of running ones", async () => {
  const api = fakeApi([makeRun("1", { status: "RUNNING", endTime: null })]);
  const table = createRunsTable(api, "1");
  await settled();
  api.runs = [makeRun("2", { startTime: 5000 }), makeRun("1")];
  await table.refresh();
  assert.deepEqual(ids(table), ["2", "1"]);
  assert.equal(table.rows.value[1].run.status, "FINISHED");
});

Deno.test("shift extends the selection over the rows between", async () => {
  const table = createRunsTable(fakeApi(["a", "b", "c", "d"].map((id) => makeRun(id))), "1");
  await settled();
  table.toggleSelected("b");
  table.toggleSelected("d", true);
  assert.deepEqual([...table.selected.value].sort(), ["b", "c", "d"]);
  table.toggleSelected("c");
  assert.deepEqual([...table.selected.value].sort(), ["b", "d"]);
});

Deno.test("default columns leave out curves and params that never differ", async () => {
  const runs = [1, 2].map((i) =>
    makeRun(String(i), {
      metrics: { equity: 5, sharpe: i },
      params: { seed: "7", units: String(i) },
    })
  );
  const table = createRunsTable(fakeApi(runs), "1");
  await settled();
  const visible = () => table.visible.value.map((column) => column.id);
  assert.deepEqual(visible().slice(4), ["metric:sharpe", "param:units"]);
  table.toggleColumn("param:seed");
  assert.ok(visible().includes("param:seed"));
  table.toggleColumn("status");
  assert.ok(!visible().includes("status"));
  table.resetColumns();
  assert.deepEqual(visible().slice(4), ["metric:sharpe", "param:units"]);
});
