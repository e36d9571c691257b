"""Records CartPole-v1 trajectories of Gymnasium: start state, actions, states, rewards, ends.

python cartpole_trajectories.py > cartpole_trajectories.json
"""
import json
import gymnasium
import numpy as np

episodes = []
for seed in range(4):
    environment = gymnasium.make("CartPole-v1")
    rng = np.random.default_rng(seed)
    state, _ = environment.reset(seed=seed)
    raw = environment.unwrapped
    record = {"start": list(map(float, raw.state)), "actions": [], "states": [], "rewards": [],
              "terminated": [], "truncated": []}
    while True:
        # Seeds 2 and 3 balance, so that long trajectories and the time limit are covered.
        x, v, angle, spin = raw.state
        action = int(rng.integers(2)) if seed < 2 else int(3 * angle + spin + 0.05 * x + 0.1 * v > 0)
        _, reward, terminated, truncated, _ = environment.step(action)
        record["actions"].append(action)
        record["states"].append([float(f"{s:.9g}") for s in raw.state])
        record["rewards"].append(float(reward))
        record["terminated"].append(bool(terminated))
        record["truncated"].append(bool(truncated))
        if terminated or truncated:
            break
    n = len(record["actions"])
    if n > 60:  # the first states and every tenth keep the file small
        keep = [i for i in range(n) if i < 20 or i % 10 == 9 or i == n - 1]
        record["kept"] = keep
        record["states"] = [record["states"][i] for i in keep]
    record["terminated"] = record["terminated"][-1]
    record["truncated"] = record["truncated"][-1]
    record["rewards"] = sum(record["rewards"])
    episodes.append(record)
print(json.dumps({"gymnasium": gymnasium.__version__, "episodes": episodes}, separators=(",", ":")))
