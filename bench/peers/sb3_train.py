"""Stable-Baselines3's PPO or A2C with its default hyperparameters, on CartPole-v1 or on a market.

python sb3_train.py ppo|a2c cartpole|MARKET.json STEPS SEED [SEED ...] prints
{"environment": [...], "rollout": [...], "training": [...], "meanReturn": [...], "equity": [...]}: steps per
second of the environment alone, of rollouts and of whole trainings; the mean return of the last 100 episodes; of
a market also the equity of an episode with the actions 0, 1, 2, 0, ...

MARKET.json: {"open": [...], "close": [...], "features": [[...], ...], "levels": [...], "fees": f, "episodeBars": n}
"""
import json
import math
import sys
import time

import gymnasium
import numpy as np
import torch
from stable_baselines3 import A2C, PPO


class Market(gymnasium.Env):
    """One symbol: a level is taken at the next open, the reward is the log return to the next close."""

    def __init__(self, open, close, features, levels, fees, episodeBars):
        self.open, self.close = np.array(open), np.array(close)
        self.features = np.array(features, dtype=np.float32).T
        self.levels, self.fees, self.bars = levels, fees, episodeBars
        self.observation_space = gymnasium.spaces.Box(-np.inf, np.inf, (self.features.shape[1] + 3,), np.float32)
        self.action_space = gymnasium.spaces.Discrete(len(levels))
        self.start = None

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.start = (options or {}).get("start", None)
        if self.start is None:
            self.start = int(self.np_random.integers(len(self.close) - self.bars + 1))
        self.t, self.units, self.cash, self.asked = self.start, 0.0, 10000.0, None
        self.equity = self.peak = self.cash
        return self._observe(), {}

    def _observe(self):
        position = self.units * self.close[self.t] / self.equity
        account = [position, math.log(self.equity / 10000.0), 1 - self.equity / self.peak]
        return np.concatenate([self.features[self.t], account], dtype=np.float32)

    def step(self, action):
        level = self.levels[int(action)]
        before = self.equity
        self.t += 1
        if level != self.asked:
            price = self.open[self.t]
            delta = level * (self.cash + self.units * price) / price - self.units
            self.cash -= delta * price + abs(delta) * price * self.fees
            self.units += delta
            self.asked = level
        self.equity = self.cash + self.units * self.close[self.t]
        self.peak = max(self.peak, self.equity)
        done = self.t == self.start + self.bars - 1
        return self._observe(), math.log(self.equity / before), False, done, {}


def make():
    if sys.argv[2] == "cartpole":
        return gymnasium.make("CartPole-v1")
    with open(sys.argv[2]) as file:
        return gymnasium.wrappers.TimeLimit(Market(**json.load(file)), 10**9)


algorithm = {"ppo": PPO, "a2c": A2C}[sys.argv[1]]
steps, seeds = int(sys.argv[3]), [int(s) for s in sys.argv[4:]]
out = {"environment": [], "rollout": [], "training": [], "meanReturn": [], "threads": torch.get_num_threads()}
for seed in seeds:
    environment = make()
    environment.reset(seed=seed)
    count = 20_000
    started = time.perf_counter()
    for t in range(count):
        _, _, terminated, truncated, _ = environment.step(t & 1)
        if terminated or truncated:
            environment.reset()
    out["environment"].append(count / (time.perf_counter() - started))
    model = algorithm("MlpPolicy", make(), seed=seed, device="cpu")
    collect, spent = model.collect_rollouts, [0.0]

    def timed(*args, **kwargs):
        began = time.perf_counter()
        answer = collect(*args, **kwargs)
        spent[0] += time.perf_counter() - began
        return answer

    model.collect_rollouts = timed
    started = time.perf_counter()
    model.learn(steps)
    out["training"].append(model.num_timesteps / (time.perf_counter() - started))
    out["rollout"].append(model.num_timesteps / spent[0])
    out["meanReturn"].append(float(np.mean([e["r"] for e in model.ep_info_buffer])))
if sys.argv[2] != "cartpole":
    market = make().unwrapped
    market.reset(options={"start": 0})
    out["equity"] = [market.equity]
    for t in range(market.bars - 1):
        market.step(t % len(market.levels))
        out["equity"].append(market.equity)
print(json.dumps(out))
