import assert from "node:assert/strict";
import proof from "../testdata/proof_actor_critic_cart_pole.json" with { type: "json" };
import { type ActorCriticProof, proveActorCritic, renderTable } from "./actor_critic_cart_pole.ts";

Deno.test("A2C solves CartPole in a shorter training, too", async () => {
  const { deterministic } = await proveActorCritic("a2c", 0, 100_000);
  assert.ok(deterministic >= 475, String(deterministic));
});

Deno.test("A3C learns CartPole on several threads", async () => {
  // The order of updates is the machine's: what every run reaches lies far below what most do.
  const { deterministic } = await proveActorCritic("a3c", 10, 40_000);
  assert.ok(deterministic >= 60, String(deterministic));
});

Deno.test("the documentation's table of A2C and A3C on CartPole is that of the committed proof", async () => {
  const page = await Deno.readTextFile(new URL("../../../docs/agents.md", import.meta.url));
  const known = proof as unknown as ActorCriticProof;
  assert.ok(page.includes(renderTable(known)));
  for (const { seeds, solved } of Object.values(known)) {
    assert.equal(seeds.length, 10);
    assert.equal(solved, seeds.filter((s) => s.deterministic >= 475).length);
  }
  assert.ok(known.a2c.solved >= 9 && known.a3c.solved >= 9);
});
