"""Advantages and returns of Stable-Baselines3's rollout buffer on random rollouts.

python gae.py > gae.json
"""
import json
import numpy as np
import torch
import stable_baselines3
from gymnasium import spaces
from stable_baselines3.common.buffers import RolloutBuffer

cases = []
for seed, (steps, envs, gamma, gae_lambda) in enumerate([(8, 3, 0.99, 0.95), (6, 2, 0.9, 1.0), (5, 1, 1.0, 0.0)]):
    rng = np.random.default_rng(seed)
    rewards = rng.normal(size=(steps, envs)).astype(np.float32)
    values = rng.normal(size=(steps, envs)).astype(np.float32)
    dones = (rng.random((steps, envs)) < 0.25).astype(np.float32)
    last_values = rng.normal(size=envs).astype(np.float32)
    buffer = RolloutBuffer(steps, spaces.Box(-1, 1, (1,)), spaces.Discrete(2), "cpu", gae_lambda, gamma, envs)
    starts = np.ones(envs, dtype=np.float32)
    for t in range(steps):
        buffer.add(np.zeros((envs, 1)), np.zeros((envs, 1)), rewards[t], starts,
                   torch.tensor(values[t]), torch.zeros(envs))
        starts = dones[t]
    buffer.compute_returns_and_advantage(torch.tensor(last_values), dones[-1])
    flat = lambda a: [float(f"{v:.9g}") for v in a.flatten()]
    cases.append({"gamma": gamma, "gaeLambda": gae_lambda, "rewards": flat(rewards), "values": flat(values),
                  "dones": flat(dones), "lastValues": flat(last_values),
                  "advantages": flat(buffer.advantages), "returns": flat(buffer.returns)})
print(json.dumps({"stable_baselines3": stable_baselines3.__version__, "cases": cases}, separators=(",", ":")))
