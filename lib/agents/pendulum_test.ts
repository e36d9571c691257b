import assert from "node:assert/strict";
import { ActionError } from "./environment.ts";
import { pendulum } from "./pendulum.ts";
import { fromJson, toJson } from "./plain_json.ts";
import fixture from "./testdata/pendulum_trajectories.json" with { type: "json" };

for (const [number, episode] of fixture.episodes.entries()) {
  Deno.test(`pendulum() follows Gymnasium's recorded trajectory ${number} within 1e-6`, () => {
    const environment = pendulum();
    environment.resetTo(episode.start);
    const rows = new Map(episode.kept.map((t, i) => [t, i]));
    episode.torques.forEach((torque, t) => {
      const { reward, terminated, truncated } = environment.step([torque]);
      assert.equal(terminated, false);
      assert.equal(truncated, t === 199);
      const row = rows.get(t);
      if (row === undefined) return;
      const near = (got: number, want: number, what: string) =>
        assert.ok(
          Math.abs(got - want) <= 1e-6 * Math.max(1, Math.abs(want)),
          `step ${t}, ${what}: ${got} and ${want}`,
        );
      episode.states[row].forEach((want, k) => near(environment.state[k], want, `state ${k}`));
      near(reward, episode.rewards[row], "reward");
    });
  });
}

Deno.test("pendulum() repeats an episode by its seed and goes on from a saved state", () => {
  const environment = pendulum();
  const first = [...environment.reset(3)];
  assert.notDeepEqual([...environment.reset()], first);
  assert.deepEqual([...environment.reset(3)], first);
  for (let i = 0; i < 150; i++) environment.step([Math.sin(i)]);
  const other = pendulum();
  const saved = environment.saveState!();
  other.restoreState!(fromJson(toJson(saved)));
  for (let i = 0; i < 100; i++) {
    const { observation, reward, truncated } = other.step([Math.cos(i)]);
    const want = environment.step([Math.cos(i)]);
    assert.deepEqual([...observation, reward, truncated], [
      ...want.observation,
      want.reward,
      want.truncated,
    ]);
    if (!truncated) continue;
    assert.deepEqual(other.reset(), environment.reset());
  }
});

Deno.test("pendulum() refuses torques outside of its bounds and steps before reset", () => {
  const environment = pendulum();
  assert.throws(() => environment.step([0]), /call reset first/);
  environment.reset(1);
  for (const action of [[2.1], [NaN], [0, 0], 1]) {
    assert.throws(() => environment.step(action), ActionError);
  }
});
