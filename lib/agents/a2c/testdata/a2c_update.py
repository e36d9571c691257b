"""Updates of Stable-Baselines3's A2C from known weights and rollouts: SB3 collects each rollout with
its own policy and calls its own train(). Three updates in a row, so that the optimizer's statistics
count; with torch's RMSprop (SB3's default) and with its RMSpropTFLike.

python a2c_update.py > a2c_update.json
"""
import json
import gymnasium as gym
import numpy as np
import stable_baselines3
import torch
from stable_baselines3 import A2C
from stable_baselines3.common.env_util import make_vec_env
from stable_baselines3.common.logger import configure
from stable_baselines3.common.sb2_compat.rmsprop_tf_like import RMSpropTFLike

torch.set_num_threads(1)
number = lambda t: [float(f"{v:.9g}") for v in np.asarray(t.detach() if hasattr(t, "detach") else t, dtype=float).flatten()]


def weights(policy):
    """The actor's layers, then the critic's; kernels [inputs, outputs] before biases."""
    e = policy.mlp_extractor
    layers = [e.policy_net[0], policy.action_net, e.value_net[0], policy.value_net]
    return [number(p.T if p.ndim == 2 else p) for l in layers for p in (l.weight, l.bias)]


cases = []
for optimizer in ("rmsprop", "rmspropTfLike"):
    for normalize in (False, True):
        policy_kwargs = dict(net_arch=dict(pi=[4], vf=[4]))
        if optimizer == "rmspropTfLike":
            policy_kwargs |= dict(optimizer_class=RMSpropTFLike, optimizer_kwargs=dict(alpha=0.99, eps=1e-5, weight_decay=0))
        env = make_vec_env("CartPole-v1", n_envs=3, seed=5)
        model = A2C("MlpPolicy", env, n_steps=4, learning_rate=0.01, ent_coef=0.01, seed=5,
                    normalize_advantage=normalize, policy_kwargs=policy_kwargs)
        model.set_logger(configure(None, []))
        # A first rollout from other than the tiny initial logits.
        with torch.no_grad():
            model.policy.action_net.weight.mul_(50)
        start = weights(model.policy)
        total, callback = model._setup_learn(36, None)
        callback.on_training_start(locals(), globals())
        updates = []
        for _ in range(3):
            model.collect_rollouts(env, callback, model.rollout_buffer, n_rollout_steps=4)
            b = model.rollout_buffer
            data = {"observations": number(b.observations), "actions": b.actions.astype(int).flatten().tolist(),
                    "rewards": number(b.rewards), "values": number(b.values),
                    "advantages": number(b.advantages), "returns": number(b.returns)}
            model.train()
            log = model.logger.name_to_value
            updates.append({**data, "weights": weights(model.policy),
                            "policyLoss": log["train/policy_loss"], "valueLoss": log["train/value_loss"],
                            "entropy": -log["train/entropy_loss"]})
        cases.append({"optimizer": optimizer, "normalizeAdvantage": normalize, "start": start, "updates": updates})
print(json.dumps({"sb3": stable_baselines3.__version__, "torch": torch.__version__.split("+")[0], "cases": cases},
                 separators=(",", ":"), default=float))
