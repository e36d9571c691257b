import assert from "node:assert/strict";
import { StatementNames } from "./postgres_statements.ts";

Deno.test("a text gets a name when it comes again, and keeps it", () => {
  const names = new StatementNames();
  assert.equal(names.nameOf("select 1"), undefined);
  const name = names.nameOf("select 1");
  assert.match(name!, /^tapebook_\d+$/);
  assert.equal(names.nameOf("select 1"), name);
  assert.equal(names.nameOf("select 2"), undefined);
  assert.notEqual(names.nameOf("select 2"), name);
  assert.equal(names.generation, 0);
});

Deno.test("past the most names all are forgotten, and none is given twice", () => {
  const names = new StatementNames(3);
  const given = new Set<string>();
  for (let i = 0; i < 10; i++) {
    names.nameOf(`select ${i}`);
    given.add(names.nameOf(`select ${i}`)!);
  }
  assert.equal(given.size, 10);
  assert.equal(names.generation, 3);
  // One that comes once in a long while does not make the others wait for their names.
  for (let i = 100; i < 120; i++) assert.equal(names.nameOf(`select ${i}`), undefined);
});
