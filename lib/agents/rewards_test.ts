import assert from "node:assert/strict";
import { createReward, type RewardConfig } from "./rewards.ts";

/** Rewards along equities made from simple returns. */
function along(config: RewardConfig, returns: number[], traded = 0): number[] {
  const reward = createReward(config);
  reward.reset(1);
  let equity = 1;
  return returns.map((r) => {
    const before = equity;
    equity *= 1 + r;
    return reward.step(before, equity, traded);
  });
}

function near(got: number[], wanted: number[], tolerance: number): void {
  assert.equal(got.length, wanted.length);
  got.forEach((g, i) =>
    assert.ok(Math.abs(g - wanted[i]) <= tolerance, `${i}: ${g}, ${wanted[i]}`)
  );
}

Deno.test("pnl and logReturn follow a hand-computed path", () => {
  near(along({ kind: "pnl" }, [0.1, -0.1]), [0.1, -0.11], 1e-12);
  near(along({ kind: "logReturn" }, [0.1, -0.1]), [Math.log(1.1), Math.log(0.9)], 1e-12);
});

Deno.test("meanVariance takes half the aversion times the squared return off", () => {
  near(along({ kind: "meanVariance", aversion: 4 }, [0.1, -0.1]), [0.08, -0.12], 1e-12);
});

Deno.test("differentialSharpe follows a hand-computed path", () => {
  // eta 0.1. A, B: 0, 0 -> .001, 1e-5 -> .0029, 4.9e-5; no variance is known at the first step.
  // 2: (1e-5 * .019 - .001 * .00039 / 2) / (9e-6)^1.5 = -5e-9 / 2.7e-8
  // 3: (4.9e-5 * -.0129 - .0029 * .000051 / 2) / (4.059e-5)^1.5 = -7.0605e-7 / 2.58600e-7
  const got = along({ kind: "differentialSharpe", eta: 0.1 }, [0.01, 0.02, -0.01]);
  near(got, [0, -5 / 27, -2.73028], 1e-4);
});

Deno.test("differentialDownside follows a hand-computed path", () => {
  // eta 0.1. A: .001, -.0001, .00191; squared deviation: 0, 1e-5, 9e-6.
  // 3: (.02 + .00005) / sqrt(1e-5); 4: (9e-6 * -.010955 - .00191 * 1e-4 / 2) / 2.7e-8
  const got = along({ kind: "differentialDownside", eta: 0.1 }, [0.01, -0.01, 0.02, -0.01]);
  near(got, [0, 0, 6.340367, -7.188704], 1e-4);
});

Deno.test("differential rewards are 0 while nothing has varied", () => {
  assert.deepEqual(along({ kind: "differentialSharpe" }, [0, 0, 0]), [0, 0, 0]);
  assert.deepEqual(along({ kind: "differentialDownside" }, [0.01, 0.01]), [0, 0]);
});

Deno.test("penalties take deeper drawdowns and turnover from the reward", () => {
  // Drawdown: 0.1, then 0.19, then back to 0.1 without a penalty.
  const got = along({ kind: "pnl", drawdownPenalty: 2 }, [-0.1, -0.1, 1 / 9]);
  near(got, [-0.1 - 0.2, -0.09 - 0.18, 0.09], 1e-12);
  near(along({ kind: "pnl", turnoverPenalty: 0.01 }, [0], 0.5), [-0.005], 1e-12);
});

Deno.test("createReward() names what does not fit", () => {
  assert.throws(() => createReward({ kind: "differentialSharpe", eta: 0 }), /eta: .*got/);
  assert.throws(() => createReward({ kind: "sharpe" } as never), /Cannot make reward: kind/);
});
