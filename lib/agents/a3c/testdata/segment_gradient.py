"""Gradients of A3C segments in PyTorch, clipped, and what shared RMSprop makes of two of them: a
feed-forward network and one behind an LSTM; a segment of the full 5 steps and one of 3.

python segment_gradient.py > segment_gradient.json
"""
import json
import torch

torch.manual_seed(11)
torch.set_default_dtype(torch.float64)
size, actions, hidden, units, steps = 3, 3, 4, 2, 5
rate, decay, epsilon, clip, entropy_coefficient, value_coefficient = 0.01, 0.9, 1e-5, 0.5, 0.02, 0.5
number = lambda t: [float(f"{v:.9g}") for v in t.detach().flatten().tolist()]


def flat(parameters):
    """Kernels [inputs, outputs] as they stand in the network's variables."""
    return torch.cat([(p.T if p.ndim == 2 else p).flatten() for p in parameters])


cases = []
for recurrent in (False, True):
    inputs = units if recurrent else size
    lstm = torch.nn.LSTM(size, units) if recurrent else None
    if lstm is not None:
        lstm.bias_hh_l0.data.zero_()  # one bias here
    actor = [torch.nn.Linear(inputs, hidden), torch.nn.Linear(hidden, actions)]
    critic = [torch.nn.Linear(inputs, hidden), torch.nn.Linear(hidden, 1)]
    parameters = [*([lstm.weight_ih_l0, lstm.weight_hh_l0, lstm.bias_ih_l0] if recurrent else []),
                  *[p for layer in (*actor, *critic) for p in (layer.weight, layer.bias)]]
    start = number(flat(parameters))
    mean_square = [torch.zeros_like(p) for p in parameters]
    segments = []
    for n in (steps, 3):
        observations, drawn = torch.randn(n, size), torch.randint(actions, (n,))
        advantages, returns = torch.randn(n), 2 * torch.randn(n)
        state = torch.randn(2, units)
        x = observations
        if recurrent:
            x = lstm(observations[:, None], (state[0][None, None], state[1][None, None]))[0][:, 0]
        logits = actor[1](torch.tanh(actor[0](x)))
        values = critic[1](torch.tanh(critic[0](x))).flatten()
        logs = torch.log_softmax(logits, 1)
        policy_loss = -(logs.gather(1, drawn[:, None])[:, 0] * advantages).mean()
        value_loss = ((returns - values) ** 2).mean()
        entropy = -(logs.exp() * logs).sum(1).mean()
        loss = policy_loss + value_coefficient * value_loss - entropy_coefficient * entropy
        for p in parameters:
            p.grad = None
        loss.backward()
        torch.nn.utils.clip_grad_norm_(parameters, clip)
        gradient = number(flat([p.grad for p in parameters]))
        with torch.no_grad():
            for p, m in zip(parameters, mean_square):
                m.mul_(decay).addcmul_(p.grad, p.grad, value=1 - decay)
                p.addcdiv_(p.grad, (m + epsilon).sqrt(), value=-rate)
        segments.append({"observations": number(observations), "drawn": drawn.tolist(), "advantages": number(advantages),
                         "returns": number(returns), "state": number(state), "loss": loss.item(),
                         "policyLoss": policy_loss.item(), "valueLoss": value_loss.item(), "entropy": entropy.item(),
                         "gradient": gradient, "parameters": number(flat(parameters))})
    cases.append({"lstmUnits": units if recurrent else None, "start": start, "segments": segments})
print(json.dumps({"torch": torch.__version__.split("+")[0], "cases": cases}, separators=(",", ":")))
