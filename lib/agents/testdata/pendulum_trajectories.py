"""Records Pendulum-v1 trajectories of Gymnasium: start state, torques, states, rewards, the end.

python pendulum_trajectories.py > pendulum_trajectories.json
"""
import json
import gymnasium
import numpy as np

episodes = []
for seed in range(3):
    environment = gymnasium.make("Pendulum-v1")
    rng = np.random.default_rng(seed)
    environment.reset(seed=seed)
    raw = environment.unwrapped
    record = {"start": list(map(float, raw.state)), "torques": [], "states": [], "rewards": []}
    while True:
        angle, speed = raw.state
        # Random torques, swinging up by energy, and the torque at its limit.
        torque = (rng.uniform(-2, 2), 2 * np.sign(speed), 2 if len(record["torques"]) % 50 < 25 else -2)[seed]
        torque = np.float32(torque)
        _, reward, terminated, truncated, _ = environment.step(np.array([torque], dtype=np.float32))
        record["torques"].append(float(f"{torque:.9g}"))
        record["states"].append([float(f"{s:.9g}") for s in raw.state])
        record["rewards"].append(float(f"{reward:.9g}"))
        assert not terminated
        if truncated:
            break
    keep = [i for i in range(200) if i < 20 or i % 10 == 9]
    record["kept"] = keep
    record["states"] = [record["states"][i] for i in keep]
    record["rewards"] = [record["rewards"][i] for i in keep]
    episodes.append(record)
print(json.dumps({"gymnasium": gymnasium.__version__, "episodes": episodes}, separators=(",", ":")))
