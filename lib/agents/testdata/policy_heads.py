"""PPO minibatches in PyTorch for each kind of policy: losses, and weights after clipped-gradient Adam steps.

Distributions are torch.distributions' (masked logits -1e8 as sb3-contrib's MaskableCategorical, tanh as a
TransformedDistribution); the recurrent policy resets hidden and cell state by (1 - episode start) before each
step, as sb3-contrib's RecurrentActorCriticPolicy does, with torch.nn.LSTMCell whose second bias is 0 and fixed.

python policy_heads.py > policy_heads.json
"""
import json
import math
import torch
import torch.nn.functional as F
from torch.distributions import AffineTransform, Categorical, Independent, Normal, TanhTransform, TransformedDistribution

torch.set_default_dtype(torch.float64)
size, hidden, units, rows, batch, steps = 3, 4, 3, 24, 12, 4
number = lambda t: [float(f"{v:.9g}") for v in t.detach().flatten().tolist()]


class Net(torch.nn.Module):
    """Two trunks (or one), each behind an LSTM if recurrent."""

    def __init__(self, outputs, shared=False, recurrent=False, log_std=None):
        super().__init__()
        first = units if recurrent else size
        layer = lambda n, m: torch.nn.Linear(n, m)
        self.lstms = torch.nn.ModuleList(torch.nn.LSTMCell(size, units) for _ in range(2 if recurrent else 0))
        for cell in self.lstms:
            cell.bias_hh.data.zero_()
            cell.bias_hh.requires_grad_(False)
        self.actor, self.last = layer(first, hidden), layer(hidden, outputs)
        self.critic = None if shared else layer(first, hidden)
        self.value = layer(hidden, 1)
        self.log_std = None if log_std is None else torch.nn.Parameter(torch.full((outputs,), log_std))

    def ordered(self):
        dense = lambda l: [(l.weight, True), (l.bias, False)] if l is not None else []
        cell = lambda i: [(self.lstms[i].weight_ih, True), (self.lstms[i].weight_hh, True), (self.lstms[i].bias_ih, False)] if len(self.lstms) else []
        out = cell(0) + dense(self.actor) + dense(self.last) + cell(1) + dense(self.critic) + dense(self.value)
        return out + ([(self.log_std, False)] if self.log_std is not None else [])

    def weights(self):
        return [number(p.T if turn else p) for p, turn in self.ordered()]

    def forward(self, x, starts=None, state=None):
        a = c = x
        if len(self.lstms):
            sequences = []
            for i, cell in enumerate(self.lstms):
                h, m = state[:, 2 * i * units:(2 * i + 1) * units], state[:, (2 * i + 1) * units:(2 * i + 2) * units]
                hs = []
                for t in range(x.shape[1]):
                    keep = (1 - starts[:, t])[:, None]
                    h, m = cell(x[:, t], (keep * h, keep * m))
                    hs.append(h)
                sequences.append(torch.stack(hs, 1).reshape(-1, units))
            a, c = sequences
        trunk = torch.tanh(self.actor(a))
        critic = trunk if self.critic is None else torch.tanh(self.critic(c))
        return self.last(trunk), self.value(critic).flatten()


def categorical(sizes, logits, masks):
    logits = logits if masks is None else torch.where(masks.bool(), logits, torch.tensor(-1e8))
    return [Categorical(logits=l) for l in torch.split(logits, sizes, 1)]


def make_case(name, seed, head, shared=False, recurrent=False):
    torch.manual_seed(seed)
    kind = head["kind"]
    outputs = sum(head["sizes"]) if kind == "choices" else head["size"]
    net = Net(outputs, shared, recurrent, head.get("logStd"))
    masks = None
    if head.get("masked"):
        masks = (torch.rand(rows, outputs) < 0.6).double()
        at = 0
        for n in head["sizes"]:
            masks[:, at] = 1
            at += n

    def evaluate(rows_of, drawn):
        m = None if masks is None else masks[rows_of]
        if recurrent:
            logits, values = net(data["observations"][rows_of].reshape(-1, steps, size),
                                 data["starts"][rows_of].reshape(-1, steps), state[rows_of[::steps] // steps])
        else:
            logits, values = net(data["observations"][rows_of])
        if kind == "choices":
            parts = categorical(head["sizes"], logits, m)
            log_prob = sum(d.log_prob(drawn[:, k]) for k, d in enumerate(parts))
            entropy = sum(-(torch.where(d.probs > 0, d.logits * d.probs, torch.zeros(()))).sum(1) for d in parts)
            return log_prob, entropy, values
        base = Independent(Normal(logits, net.log_std.exp()), 1)
        if not head.get("squash"):
            return base.log_prob(drawn), base.entropy(), values
        low, high = torch.tensor(head["low"]), torch.tensor(head["high"])
        transforms = [TanhTransform(cache_size=1), AffineTransform((low + high) / 2, (high - low) / 2, event_dim=0)]
        squashed = TransformedDistribution(base, transforms)
        action = transforms[1](transforms[0](drawn))
        log_prob = squashed.log_prob(action)
        return log_prob, -log_prob, values

    data = {"observations": torch.randn(rows, size), "starts": (torch.rand(rows) < 0.2).double()}
    state = 0.3 * torch.randn(rows // steps, 4 * units)
    if kind == "choices":
        first = torch.stack([torch.zeros(rows, dtype=torch.long)] * len(head["sizes"]), 1)
        at = 0
        for k, n in enumerate(head["sizes"]):
            allowed = torch.ones(rows, n) if masks is None else masks[:, at:at + n]
            first[:, k] = torch.multinomial(allowed, 1)[:, 0]
            at += n
        drawn = first
    else:
        drawn = torch.randn(rows, head["size"])
    everything = torch.arange(rows)
    with torch.no_grad():
        log_prob, _, values = evaluate(everything, drawn)
    old_log_prob = log_prob + 0.3 * torch.randn(rows)
    old_values = values + 0.2 * torch.randn(rows)
    advantages, returns = torch.randn(rows), 3 * torch.randn(rows)
    start = net.weights()
    parameters = [p for p, _ in net.ordered()]
    optimizer = torch.optim.Adam(parameters, lr=0.01, eps=1e-5)
    losses = []
    for at in list(range(0, rows, batch)) * 2:
        b = everything[at:at + batch]
        log_prob, entropies, values = evaluate(b, drawn[b])
        adv = (advantages[b] - advantages[b].mean()) / (advantages[b].std() + 1e-8)
        ratio = torch.exp(log_prob - old_log_prob[b])
        policy_loss = -torch.min(adv * ratio, adv * torch.clamp(ratio, 0.8, 1.2)).mean()
        value_loss = F.mse_loss(returns[b], values)
        entropy = entropies.mean()
        loss = policy_loss - 0.01 * entropy + 0.5 * value_loss
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(parameters, 0.5)
        optimizer.step()
        losses.append({"loss": loss.item(), "policyLoss": policy_loss.item(), "valueLoss": value_loss.item(), "entropy": entropy.item()})
    return {"name": name, "head": head, "trunk": "shared" if shared else "separate", "recurrent": recurrent, "start": start,
            "data": {"observations": number(data["observations"]), "drawn": drawn.flatten().tolist() if kind == "choices" else number(drawn),
                     "masks": None if masks is None else number(masks), "starts": number(data["starts"]), "state": number(state),
                     "oldLogProbabilities": number(old_log_prob), "oldValues": number(old_values),
                     "advantages": number(advantages), "returns": number(returns)},
            "losses": losses, "weights": net.weights()}


box = {"low": [-2.0, 0.0], "high": [2.0, 1.0]}
cases = [
    make_case("a masked choice", 1, {"kind": "choices", "sizes": [4], "masked": True}),
    make_case("several masked choices on a shared trunk", 2, {"kind": "choices", "sizes": [3, 2], "masked": True}, shared=True),
    make_case("a Gaussian", 3, {"kind": "box", "size": 2, "logStd": -0.3, **box}),
    make_case("a squashed Gaussian on a shared trunk", 4, {"kind": "box", "size": 2, "logStd": -0.3, "squash": True, **box}, shared=True),
    make_case("a recurrent choice", 5, {"kind": "choices", "sizes": [3]}, recurrent=True),
    make_case("a recurrent Gaussian", 6, {"kind": "box", "size": 2, "logStd": 0.1, **box}, recurrent=True),
]
print(json.dumps({"torch": torch.__version__.split("+")[0], "rows": rows, "batch": batch, "steps": steps, "units": units,
                  "hidden": hidden, "size": size, "cases": cases}, separators=(",", ":")))
