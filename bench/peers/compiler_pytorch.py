"""The networks of bench/compiler.ts in PyTorch: the same shapes, loss, optimizer and minibatches.

Answers one line of JSON with one line of JSON until its input ends:
{"case", "batch", "threads": [1, 2], "seconds"} -> {"rows": [{"threads", "variant", "runs"}], "version"}
{"case": "policy", "batches": [1, ...], "seconds"} -> {"runs": [[...], ...]}, one thread
Runs are milliseconds a step (a prediction). A slow case is measured fewer times.
"""
import json
import math
import sys
import time

import torch
from torch import nn


class Pooled(nn.Module):
    def forward(self, x):
        return x.mean(-1)


class Cnn(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv1d(16, 64, 3, padding=1), nn.ReLU(), nn.Conv1d(64, 64, 3, padding=1), nn.ReLU()
        )
        self.head = nn.Linear(64, 3)

    def forward(self, x):
        return self.head(self.body(x.transpose(1, 2)).mean(-1))


class Recurrent(nn.Module):
    def __init__(self, kind):
        super().__init__()
        self.rnn = (nn.LSTM if kind == "lstm" else nn.GRU)(16, 32, batch_first=True)
        self.head = nn.Linear(32, 3)

    def forward(self, x):
        return self.head(self.rnn(x)[0][:, -1])


class Hybrid(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv1d(16, 32, 3, padding=1)
        self.rnn = nn.LSTM(32, 32, batch_first=True)
        self.head = nn.Linear(32, 3)

    def forward(self, x):
        h = torch.relu(self.conv(x.transpose(1, 2)))
        h = nn.functional.max_pool1d(h, 2).transpose(1, 2)
        return self.head(self.rnn(h)[0][:, -1])


class Block(nn.Module):
    def __init__(self, width, heads, inner):
        super().__init__()
        self.heads, self.depth = heads, width // heads
        self.qkv = nn.ModuleList(nn.Linear(width, width) for _ in range(3))
        self.out = nn.Linear(width, width)
        self.first, self.second = nn.Linear(width, inner), nn.Linear(inner, width)
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)

    def forward(self, h):
        b, t, w = h.shape
        q, k, v = (l(h).view(b, t, self.heads, self.depth).transpose(1, 2) for l in self.qkv)
        scores = q @ k.transpose(-1, -2) / math.sqrt(self.depth)
        mixed = (scores.softmax(-1) @ v).transpose(1, 2).reshape(b, t, w)
        h = self.norm1(h + self.out(mixed))
        return self.norm2(h + self.second(torch.relu(self.first(h))))


class Transformer(nn.Module):
    def __init__(self, width, heads, inner, blocks):
        super().__init__()
        self.embed = nn.Linear(16, width)
        self.blocks = nn.Sequential(*(Block(width, heads, inner) for _ in range(blocks)))
        self.head = nn.Linear(width, 3)

    def forward(self, x):
        return self.head(self.blocks(self.embed(x)).mean(1))


class ActorCritic(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(32, 64), nn.Tanh(), nn.Linear(64, 64), nn.Tanh())
        self.policy, self.value = nn.Linear(64, 3), nn.Linear(64, 1)

    def forward(self, x):
        h = self.body(x)
        return self.policy(h).log_softmax(-1), self.value(h)[:, 0]


def mlp():
    return nn.Sequential(
        nn.Linear(32, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 3)
    )


NETS = {
    "mlp": (mlp, (32,)),
    "ppo": (ActorCritic, (32,)),
    "cnn": (Cnn, (64, 16)),
    "lstm": (lambda: Recurrent("lstm"), (32, 16)),
    "gru": (lambda: Recurrent("gru"), (32, 16)),
    "transformer": (lambda: Transformer(32, 4, 64, 1), (32, 16)),
    "hybrid": (Hybrid, (64, 16)),
    "transformer-1m": (lambda: Transformer(128, 8, 768, 4), (32, 16)),
}


def ppo_loss(net, x, action, old, advantage, returns):
    logits, value = net(x)
    log_probability = (logits * action).sum(1)
    ratio = (log_probability - old).exp()
    policy = -torch.minimum(ratio * advantage, ratio.clamp(0.8, 1.2) * advantage).mean()
    entropy = -(logits.exp() * logits).sum(1).mean()
    return policy + 0.5 * (value - returns).square().mean() - 0.01 * entropy


def run(case, batch, seconds, fused):
    torch.manual_seed(0)
    make, shape = NETS[case]
    net = make()
    optimizer = torch.optim.Adam(net.parameters(), lr=1e-3, eps=1e-7, fused=fused)
    rows = 8 * batch
    x = torch.randn(rows, *shape)
    y = torch.randn(rows, 3)
    others = [torch.nn.functional.one_hot(torch.randint(3, (rows,)), 3).float()]
    others += [torch.randn(rows) * 0.1 - 1.1, torch.randn(rows), torch.randn(rows)]
    losses = []

    def step(index):
        optimizer.zero_grad()
        if case == "ppo":
            loss = ppo_loss(net, x[index], *(o[index] for o in others))
        else:
            loss = nn.functional.mse_loss(net(x[index]), y[index])
        loss.backward()
        optimizer.step()
        losses.append(loss.detach())

    orders = [torch.randperm(rows).split(batch) for _ in range(16)]
    turn = 0

    def epoch():
        nonlocal turn
        for index in orders[turn % len(orders)]:
            step(index)
        turn += 1

    epoch()
    runs = repeat(epoch, seconds, 8)
    torch.stack(losses).mean().item()
    return runs


def repeat(call, seconds, count, at_least=3):
    runs = []
    started = time.perf_counter()
    while (elapsed := time.perf_counter() - started) < seconds or (
        len(runs) < at_least and elapsed < 8 * seconds
    ):
        t = time.perf_counter()
        call()
        runs.append((time.perf_counter() - t) / count * 1000)
    return runs


def predictions(batch, seconds):
    torch.set_num_threads(1)
    net, x = mlp().eval(), torch.full((batch, 32), 0.1)

    def hundred():
        with torch.inference_mode():
            for _ in range(100):
                net(x)

    hundred()
    return repeat(hundred, seconds, 100)


def answer(question):
    case, seconds = question["case"], question["seconds"]
    if case == "policy":
        return {"runs": [predictions(b, seconds) for b in question["batches"]]}
    rows = []
    for threads in question["threads"]:
        torch.set_num_threads(threads)
        for variant in ("eager", "fused"):
            runs = run(case, question["batch"], seconds, variant == "fused")
            rows.append({"threads": threads, "variant": variant, "runs": runs})
    return {"rows": rows, "version": torch.__version__}


if __name__ == "__main__":
    for line in sys.stdin:
        print(json.dumps(answer(json.loads(line))), flush=True)
