import assert from "node:assert/strict";
import fc from "fast-check";
import { testServer } from "../../tests/support/server.ts";
import type { Run } from "../../lib/contracts/mlflow/mod.ts";
import { type Comparison, type Filter, parseFilter } from "./filter.ts";
import { runGrammar } from "./grammars.ts";
import { parseOrderBy } from "./order.ts";

const refusal = (filter: string) => {
  try {
    parseFilter(filter, runGrammar);
  } catch (error) {
    return (error as Error).message;
  }
  return "accepted";
};

Deno.test("a refused filter says what is wrong and where", () => {
  const table: [string, RegExp][] = [
    ["metrics.a > 'x'", /Expected numeric value type for metric\. Found 'x' at character 13 of/],
    ["params.a = 1", /Expected a quoted string value for parameter .* Got value 1 at character 12/],
    ["params.a = b", /not quoted or unidentified quote types used for string value b/],
    ["foo.a = 'b'", /Invalid entity type 'foo'\. Valid values are \['metric', 'parameter'/],
    ["attribute.a = 'b'", /Invalid attribute key 'a' specified\. Valid keys are '\{'run_id'/],
    ["dataset.a = 'b'", /Invalid dataset key 'a' specified/],
    ["params.a > 'b'", /Invalid comparator '>' not one of .* at character 10/],
    ["metrics.a LIKE 'b'", /Expected numeric value type for metric\. Found 'b' at character 16/],
    [
      "status IN ('a')",
      /Only \['run_id'\] attributes support comparison with a list .* at character 11/,
    ],
    ["metrics.a IS NULL", /only supported for tags and params, not for 'metric' 'a'/],
    ["params.a = 'b", /the quote ' is not closed at character 12/],
    ["params.a = 'b' AND", /expected a key such as metrics\.loss, found the end at character 19/],
    ["params.a = 'b' params.c = 'd'", /expected AND, OR or the end, found 'params\.c'/],
    ["(params.a = 'b'", /expected '\)', found the end/],
    ["params.a", /expected a comparator, found the end/],
    [
      "params.a = 'b'; drop table runs",
      /multiple expression .* Provide AND-ed expression list\. Found ';' at character 15/,
    ],
    [
      "params.a ? 'b'",
      /in filter string: 'params\.a', '\?', ''b'' \('\?' is not understood at cha/,
    ],
    [
      "params.a = 'b' AND metrics.c >",
      /filter string: 'metrics\.c', '>' \(expected a value, found/,
    ],
    ["params.a ! 'b'", /Invalid comparator '!' not one of .* at character 10/],
    ["1 = 'b'", /Invalid comparison clause\. Expected 'Identifier' found '1' at character 1/],
    [
      "run_id IN ('a', 1)",
      /While parsing a list .* different type in list: \('a', 1\) at character 17/,
    ],
    ["run_id IN ()", /While parsing a list/],
    ["(".repeat(300) + "params.a = 'b'" + ")".repeat(300), /nested deeper than 100/],
  ];
  for (const [filter, message] of table) assert.match(refusal(filter), message, filter);
});

Deno.test("keys may be quoted, bare words are attributes, and words are read in any case", () => {
  const only = (text: string) => parseFilter(text, runGrammar) as Comparison;
  assert.deepEqual(only("params.`a b.c` = 'x'").key, "a b.c");
  assert.deepEqual(only('params."a-b" = "x"').value, "x");
  assert.deepEqual(only("metric.loss/val:1 >= -1.5e-3").value, -0.0015);
  assert.equal(only("Created > 5").key, "start_time");
  assert.equal(only("params.a is not null").comparator, "IS NOT NULL");
  assert.deepEqual(only("run_id not in ('a', 'b')").value, ["a", "b"]);
  assert.equal(only("tags.x = 'it''s'").value, "it's");
  assert.equal(parseFilter("  ", runGrammar), null);
});

Deno.test("AND binds closer than OR, NOT closest", () => {
  const filter = parseFilter(
    "params.a = '1' or not params.b = '2' and params.c = '3'",
    runGrammar,
  ) as Extract<Filter, { parts: Filter[] }>;
  assert.equal(filter.kind, "or");
  const right = filter.parts[1] as Extract<Filter, { parts: Filter[] }>;
  assert.equal(right.kind, "and");
  assert.equal(right.parts[0].kind, "not");
});

Deno.test("parseOrderBy() refuses repeated and unknown fields", () => {
  assert.deepEqual(parseOrderBy(["metrics.`a b` DESC", "start_time"], runGrammar), [
    { entity: "metric", key: "a b", ascending: false },
    { entity: "attribute", key: "start_time", ascending: true },
  ]);
  const order = (...clauses: string[]) => () => parseOrderBy(clauses, runGrammar);
  assert.throws(order("start_time", "Created DESC"), /contains duplicate fields/);
  assert.throws(order("foo"), /Invalid attribute key 'foo'/);
  assert.throws(order("metrics.a; drop table runs"), /Could not be parsed|Invalid/);
});

/** What a comparison says of a run, written without SQL. */
function holds(comparison: Comparison, run: Run): boolean {
  const { entity, key, comparator, value } = comparison;
  const like = (text: string, pattern: string, flags: string) =>
    new RegExp(
      `^${
        [...pattern].map((c) =>
          c === "%" ? "[^]*" : c === "_" ? "[^]" : c.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&")
        ).join("")
      }$`,
      `u${flags}`,
    ).test(text);
  if (entity === "metric" || entity === "attribute" && key === "start_time") {
    const x = entity === "metric"
      ? run.data.metrics.find((m) => m.key === key)?.value
      : run.info.start_time;
    if (x === undefined) return false;
    const y = value as number;
    const ops: Record<string, boolean> = {
      "=": x === y,
      "!=": x !== y,
      "<": x < y,
      "<=": x <= y,
      ">": x > y,
      ">=": x >= y,
    };
    return ops[comparator];
  }
  const found = entity === "parameter"
    ? run.data.params.find((p) => p.key === key)?.value
    : entity === "tag"
    ? run.data.tags.find((t) => t.key === key)?.value
    : run.info[key as "status" | "run_name" | "run_id"];
  if (comparator === "IS NULL") return found === undefined;
  if (comparator === "IS NOT NULL") return found !== undefined;
  if (found === undefined) return false;
  switch (comparator) {
    case "=":
      return found === value;
    case "!=":
      return found !== value;
    case "LIKE":
      return like(found, value as string, "");
    case "ILIKE":
      return like(found, value as string, "i");
    case "IN":
      return (value as string[]).includes(found);
    default:
      return !(value as string[]).includes(found);
  }
}

function matches(filter: Filter, run: Run): boolean {
  switch (filter.kind) {
    case "comparison":
      return holds(filter, run);
    case "not":
      return !matches(filter.part, run);
    case "and":
      return filter.parts.every((part) => matches(part, run));
    default:
      return filter.parts.some((part) => matches(part, run));
  }
}

const texts = ["", "a", "A", "ab", "b%", "a_", "'", "\\", "%'; drop table runs; --", "ü"];
const quote = (text: string) => `'${text.replaceAll("'", "''")}'`;
const text = fc.constantFrom(...texts);
const number = fc.constantFrom("0", "1", "-1", "0.5", "1e3");
const comparisonText = fc.oneof(
  fc.tuple(
    fc.constantFrom("metrics.m", "metric.`m n`"),
    fc.constantFrom("<", "<=", "=", "!=", ">", ">="),
    number,
  )
    .map((parts) => parts.join(" ")),
  fc.tuple(
    fc.constantFrom("params.p", "param.`p q`", "tags.t", "run_name", "status"),
    fc.constantFrom("=", "!=", "LIKE", "ILIKE", "like"),
    text.map(quote),
  ).map((parts) => parts.join(" ")),
  fc.tuple(fc.constantFrom("params.p", "tags.t"), fc.constantFrom("IS NULL", "is not null"))
    .map((parts) => parts.join(" ")),
  fc.tuple(
    fc.constantFrom("run_id IN", "run_id not in"),
    fc.array(text, { minLength: 1, maxLength: 3 }),
  )
    .map(([op, list]) => `${op} (${list.map(quote).join(", ")})`),
);
const { filterText } = fc.letrec<{ filterText: string }>((tie) => ({
  filterText: fc.oneof(
    { maxDepth: 4 },
    comparisonText,
    fc.tuple(tie("filterText"), fc.constantFrom("AND", "or"), tie("filterText"))
      .map((parts) => parts.join(" ")),
    tie("filterText").map((inner) => `(${inner})`),
    comparisonText.map((inner) => `NOT ${inner}`),
    tie("filterText").map((inner) => `not (${inner})`),
  ),
}));

testServer("the database finds what the filter says, whatever the filter", async (server) => {
  const { tracking } = server.services;
  const experimentId = await tracking.createExperiment(`fuzz ${crypto.randomUUID()}`);
  const values = [0, 1, -1, 0.5, NaN, Infinity];
  for (let i = 0; i < 24; i++) {
    const run = await tracking.createRun({
      experimentId,
      runName: texts[1 + i % (texts.length - 1)],
      startTime: i,
    });
    await tracking.logBatch(run.info.run_id, {
      metrics: i % 4 === 3 ? [] : [
        { key: "m", value: values[i % 6], timestamp: 1, step: 0 },
        { key: "m n", value: values[(i + 2) % 6], timestamp: 1, step: 0 },
      ],
      params: i % 3 === 2
        ? []
        : [{ key: "p", value: texts[i % texts.length] }, { key: "p q", value: texts[i % 4] }],
      tags: i % 5 === 4 ? [] : [{ key: "t", value: texts[(i * 3) % texts.length] }],
    });
    if (i % 2) await tracking.updateRun(run.info.run_id, { status: "FINISHED" });
  }
  const all = (await tracking.searchRuns([experimentId])).items;
  assert.equal(all.length, 24);
  await fc.assert(
    fc.asyncProperty(filterText, async (filter) => {
      const found = (await tracking.searchRuns([experimentId], { filter })).items;
      const parsed = parseFilter(filter, runGrammar)!;
      const expected = all.filter((run) => matches(parsed, run));
      assert.deepEqual(
        found.map((r) => r.info.run_id),
        expected.map((r) => r.info.run_id),
        filter,
      );
    }),
    { numRuns: 120, seed: 7 },
  );
});

testServer("any text as a filter is answered or refused, never a server error", async (server) => {
  const words = fc.constantFrom(
    ..."metrics.a params.b tags.c ( ) AND OR NOT IN LIKE IS NULL = != < 'x' \"y\" ` 1 -2.5 , ; -- /* \0 $1 %"
      .split(" "),
  );
  await fc.assert(
    fc.asyncProperty(
      fc.oneof(fc.string(), fc.array(words).map((list) => list.join(" "))),
      async (filter) => {
        const answer = await server.request("POST", "/api/2.0/mlflow/runs/search", {
          experiment_ids: ["0"],
          filter,
        });
        assert.ok([200, 400].includes(answer.status), `${filter}: ${answer.text}`);
      },
    ),
    { numRuns: 150, seed: 11 },
  );
});
