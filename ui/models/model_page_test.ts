import assert from "node:assert/strict";
import type { Promotion } from "../../lib/contracts/governance/mod.ts";
import { createModelPage, type ModelApi } from "./model_page.ts";

const settled = () => new Promise((done) => setTimeout(done, 0));

/** A registry with two versions and version 1 as champion. */
function fakeApi() {
  const state = { champion: "1", previous: null as string | null, promotions: [] as Promotion[] };
  const api = {
    state,
    model: () =>
      Promise.resolve({ name: "m", aliases: [{ alias: "champion", version: state.champion }] }),
    versions: () =>
      Promise.resolve([{ version: "2", run_id: "r2" }, { version: "1", run_id: "gone" }]),
    run: (id: string) =>
      id === "r2"
        ? Promise.resolve({ id, name: "run 2" })
        : Promise.reject(new Error("no such run")),
    promotions: () => Promise.resolve(state.promotions),
    aliasHistory: () =>
      Promise.resolve(
        state.previous ? [{ alias: "champion", previousVersion: state.previous }] : [],
      ),
    policy: () =>
      Promise.resolve({ policy: { rules: [{ kind: "approval", required: false, count: 1 }] } }),
    setPolicy: (_name: string, rules: unknown) => Promise.resolve({ policy: { rules } }),
    promote(_name: string, version: string) {
      if (version === "9") return Promise.reject(new Error("Version 9 does not exist"));
      state.previous = state.champion;
      state.champion = version;
      return Promise.resolve({ id: "p", version, status: "applied", rules: [] });
    },
    rollback() {
      [state.champion, state.previous] = [state.previous!, state.champion];
      return Promise.resolve({});
    },
  };
  return api as unknown as ModelApi & { state: typeof state };
}

Deno.test("versions carry their aliases, and their run where it is still there", async () => {
  const page = createModelPage(fakeApi(), "m");
  await settled();
  assert.deepEqual(
    page.rows.value.map((r) => [r.version.version, r.aliases, r.run?.name ?? null]),
    [
      ["2", [], "run 2"],
      ["1", ["champion"], null],
    ],
  );
});

Deno.test("a promotion moves the champion and opens the way back", async () => {
  const page = createModelPage(fakeApi(), "m");
  await settled();
  assert.equal(page.previous.value, null);
  await page.promote("2", "champion", "");
  assert.equal(page.outcome.value!.status, "applied");
  assert.deepEqual([page.champion.value, page.previous.value], ["2", "1"]);
  await page.rollback();
  assert.equal(page.champion.value, "1");
});

Deno.test("a refused promotion says why and changes nothing", async () => {
  const page = createModelPage(fakeApi(), "m");
  await settled();
  assert.equal(await page.promote("9", "champion", ""), null);
  assert.equal(page.actionError.value, "Version 9 does not exist");
  assert.equal(page.champion.value, "1");
  assert.equal(page.busy.value, null);
});

Deno.test("a rule of the policy is made required", async () => {
  const page = createModelPage(fakeApi(), "m");
  await settled();
  await page.setRequired("approval", 0, true);
  assert.equal(page.policy.data.value!.policy.rules[0].required, true);
});
