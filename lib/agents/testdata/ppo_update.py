"""One PPO minibatch in PyTorch, written as in Stable-Baselines3's PPO.train: losses, and weights after
the clipped-gradient Adam steps of three minibatches.

python ppo_update.py > ppo_update.json
"""
import json
import torch
import torch.nn.functional as F

torch.manual_seed(3)
torch.set_default_dtype(torch.float64)
size, actions, hidden, rows, batch = 3, 3, 4, 24, 8


def trunk(out):
    return torch.nn.Sequential(torch.nn.Linear(size, hidden), torch.nn.Tanh(), torch.nn.Linear(hidden, out))


actor, critic = trunk(actions), trunk(1)
parameters = [*actor.parameters(), *critic.parameters()]
number = lambda t: [float(f"{v:.9g}") for v in t.detach().flatten().tolist()]
# Kernels as tfjs has them: [inputs, outputs].
weights = lambda: [number(p.T if p.ndim == 2 else p) for p in parameters]

observations = torch.randn(rows, size)
chosen = torch.randint(actions, (rows,))
with torch.no_grad():
    old_log_prob = torch.log_softmax(actor(observations), 1).gather(1, chosen[:, None])[:, 0] + 0.3 * torch.randn(rows)
    old_values = critic(observations).flatten() + 0.2 * torch.randn(rows)
advantages, returns = torch.randn(rows), 3 * torch.randn(rows)
data = {"observations": number(observations), "actions": chosen.tolist(), "oldLogProbabilities": number(old_log_prob),
        "oldValues": number(old_values), "advantages": number(advantages), "returns": number(returns)}
start = weights()

cases = []
state = [p.detach().clone() for p in parameters]
for clip_vf in (None, 0.2):
    for p, s in zip(parameters, state):
        p.data.copy_(s)
    optimizer = torch.optim.Adam(parameters, lr=0.01, eps=1e-5)
    losses = []
    for at in range(0, rows, batch):
        b = slice(at, at + batch)
        log_probs = torch.log_softmax(actor(observations[b]), 1)
        log_prob = log_probs.gather(1, chosen[b, None])[:, 0]
        values = critic(observations[b]).flatten()
        adv = (advantages[b] - advantages[b].mean()) / (advantages[b].std() + 1e-8)
        ratio = torch.exp(log_prob - old_log_prob[b])
        policy_loss = -torch.min(adv * ratio, adv * torch.clamp(ratio, 0.8, 1.2)).mean()
        clip_fraction = torch.mean((torch.abs(ratio - 1) > 0.2).double())
        predicted = values if clip_vf is None else old_values[b] + torch.clamp(values - old_values[b], -clip_vf, clip_vf)
        value_loss = F.mse_loss(returns[b], predicted)
        entropy = -(log_probs.exp() * log_probs).sum(1).mean()
        loss = policy_loss - 0.01 * entropy + 0.5 * value_loss
        log_ratio = log_prob - old_log_prob[b]
        approx_kl = ((torch.exp(log_ratio) - 1) - log_ratio).mean()
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(parameters, 0.5)
        optimizer.step()
        losses.append({"loss": loss.item(), "policyLoss": policy_loss.item(), "valueLoss": value_loss.item(),
                       "entropy": entropy.item(), "approxKl": approx_kl.item(), "clipFraction": clip_fraction.item()})
    cases.append({"valueClipRange": clip_vf, "losses": losses, "weights": weights()})
print(json.dumps({"torch": torch.__version__.split("+")[0], "data": data, "start": start, "cases": cases}, separators=(",", ":")))
