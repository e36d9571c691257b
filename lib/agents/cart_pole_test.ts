import assert from "node:assert/strict";
import { cartPole } from "./cart_pole.ts";
import { ActionError } from "./environment.ts";
import fixture from "./testdata/cartpole_trajectories.json" with { type: "json" };

for (const [number, episode] of fixture.episodes.entries()) {
  Deno.test(`cartPole() follows Gymnasium's recorded trajectory ${number} within 1e-6`, () => {
    const environment = cartPole();
    environment.resetTo(episode.start);
    const kept = new Map((episode.kept ?? episode.actions.map((_, i) => i)).map((t, i) => [t, i]));
    let total = 0;
    episode.actions.forEach((action, t) => {
      const { reward, terminated, truncated } = environment.step(action);
      total += reward;
      const row = kept.get(t);
      if (row !== undefined) {
        episode.states[row].forEach((want, k) => {
          const got = environment.state[k];
          assert.ok(Math.abs(got - want) <= 1e-6, `step ${t}, element ${k}: ${got} and ${want}`);
        });
      }
      const isLast = t === episode.actions.length - 1;
      assert.equal(terminated, isLast && episode.terminated, `terminated at step ${t}`);
      assert.equal(truncated, isLast && episode.truncated, `truncated at step ${t}`);
    });
    assert.equal(total, episode.rewards);
  });
}

Deno.test("cartPole() repeats an episode by its seed", () => {
  const environment = cartPole();
  const first = [...environment.reset(3)];
  assert.notDeepEqual([...environment.reset()], first);
  assert.deepEqual([...environment.reset(3)], first);
  assert.ok(first.every((v) => Math.abs(v) <= 0.05));
});

Deno.test("cartPole() refuses actions outside of its space and steps before reset", () => {
  const environment = cartPole();
  assert.throws(() => environment.step(0), /call reset first/);
  environment.reset(1);
  for (const action of [2, -1, 0.5, NaN, [1]]) {
    assert.throws(() => environment.step(action), ActionError);
  }
  assert.throws(() => environment.resetTo([1]), /state must have 4 elements, got 1/);
});
