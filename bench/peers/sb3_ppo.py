"""Trains Stable-Baselines3's PPO on CartPole-v1 with its default hyperparameters.

python sb3_ppo.py STEPS SEED [SEED ...] prints {"stepsPerSecond": [...], "meanReturn": [...]}
"""
import json
import sys
import time

import gymnasium
import numpy as np
import torch
from stable_baselines3 import PPO

steps, seeds = int(sys.argv[1]), [int(s) for s in sys.argv[2:]]
rates, returns = [], []
for seed in seeds:
    model = PPO("MlpPolicy", gymnasium.make("CartPole-v1"), seed=seed, device="cpu")
    started = time.perf_counter()
    model.learn(steps)
    rates.append(model.num_timesteps / (time.perf_counter() - started))
    returns.append(float(np.mean([e["r"] for e in model.ep_info_buffer])))
print(json.dumps({"stepsPerSecond": rates, "meanReturn": returns, "threads": torch.get_num_threads()}))
