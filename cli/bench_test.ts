import assert from "node:assert/strict";
import { benchCase, describeMachine, medianOf } from "../bench/bench_result.ts";
import { benchCommand, benchTable } from "./bench.ts";
import { parseArgs, UsageError } from "./args.ts";

Deno.test("medianOf() takes the middle, or the mean of the two middle runs", () => {
  assert.equal(medianOf([3, 1, 2]), 2);
  assert.equal(medianOf([4, 1, 2, 3]), 2.5);
});

Deno.test("benchTable() states ours against the peer, above 1 when ours is better", () => {
  const table = benchTable({
    name: "x",
    machine: describeMachine(),
    cases: [
      benchCase("a", "tapebook", "ms", [1, 2, 3]),
      benchCase("a", "peer", "ms", [8, 8, 8]),
      benchCase("b", "tapebook", "rows/s", [10]),
      benchCase("b", "peer", "rows/s", [5]),
    ],
  });
  assert.match(table, /a +peer .* tapebook is 4\.00x/);
  assert.match(table, /b +peer .* tapebook is 2\.00x/);
});

Deno.test("benchCommand() refuses an unknown name and lists the known ones", async () => {
  await assert.rejects(benchCommand(["nonsense"]), /name must be one of .*, got "nonsense"/);
});

Deno.test("parseArgs() names the option, the value and what is allowed", () => {
  const { options, rest } = parseArgs("demo", ["--seed", "7", "--exit", "more"], {
    seed: "integer",
    exit: "boolean",
  });
  assert.deepEqual({ ...options }, { seed: 7, exit: true });
  assert.deepEqual(rest, ["more"]);
  assert.throws(
    () => parseArgs("demo", ["--seed", "x"], { seed: "integer" }),
    (e) => e instanceof UsageError && /--seed must be an integer, got "x"/.test(e.message),
  );
  assert.throws(() => parseArgs("demo", ["--nope"], { seed: "integer" }), /options are --seed/);
});
