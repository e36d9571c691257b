"""PyTorch's side of bench/training.ts: the same layers and sizes, eager mode, Adam, batch by index.

Reads one question a line: {kind, its sizes and configuration, batchSize, steps, runs, threads: [..]};
answers {rows: [{threads, runs: [ms per step]}], version}.
"""
import json
import sys
import time

import torch
from torch import nn


class Cnn(nn.Module):
    def __init__(self, c):
        super().__init__()
        f, k = c["filters"], c["kernel"]
        self.pad = k - 1
        sizes = [c["features"]] + [f] * c["layers"]
        self.layers = nn.ModuleList(nn.Conv1d(a, b, k) for a, b in zip(sizes, sizes[1:]))
        self.head = nn.Linear(f, 3)

    def body(self, x):
        x = x.transpose(1, 2)
        for layer in self.layers:
            x = torch.relu(layer(nn.functional.pad(x, (self.pad, 0))))
        return x

    def forward(self, x):
        return self.head(self.body(x).mean(2))


class Recurrent(nn.Module):
    def __init__(self, c):
        super().__init__()
        cell = nn.LSTM if c["kind"] == "lstm" else nn.GRU
        self.net = cell(c["features"], c["units"], batch_first=True)
        self.head = nn.Linear(c["units"], 3)

    def forward(self, x):
        return self.head(self.net(x)[0][:, -1])


class Attention(nn.Module):
    """Causal self-attention by PyTorch's own fused kernel."""

    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(width, 3 * width)
        self.out = nn.Linear(width, width)

    def forward(self, x):
        n, t, w = x.shape
        q, k, v = self.qkv(x).view(n, t, 3, self.heads, w // self.heads).permute(2, 0, 3, 1, 4)
        y = nn.functional.scaled_dot_product_attention(q, k, v, is_causal=True)
        return self.out(y.transpose(1, 2).reshape(n, t, w))


class Transformer(nn.Module):
    def __init__(self, c):
        super().__init__()
        w = c["width"]
        self.embed = nn.Linear(c["features"], w)
        self.n1, self.n2, self.n3 = nn.LayerNorm(w), nn.LayerNorm(w), nn.LayerNorm(w)
        self.attention = Attention(w, c["attentionHeads"])
        self.ff = nn.Sequential(
            nn.Linear(w, c["feedForward"]), nn.GELU(approximate="tanh"), nn.Linear(c["feedForward"], w)
        )
        self.head = nn.Linear(w, 3)

    def forward(self, x):
        x = self.embed(x)
        x = x + self.attention(self.n1(x))
        x = x + self.ff(self.n2(x))
        return self.head(self.n3(x)[:, -1])


class Hybrid(Cnn):
    def __init__(self, c):
        super().__init__(c)
        self.rnn = nn.LSTM(c["filters"], c["units"], batch_first=True)
        self.attention = Attention(c["units"], c["attentionHeads"])
        self.norm = nn.LayerNorm(c["units"])
        self.head = nn.Linear(c["units"], 3)

    def forward(self, x):
        h = self.rnn(self.body(x).transpose(1, 2))[0]
        return self.head(self.norm(h + self.attention(h))[:, -1])


def build(c):
    if c["kind"] == "mlp":
        return nn.Sequential(
            nn.Flatten(),
            nn.Linear(c["windowBars"] * c["features"], c["units"]),
            nn.ReLU(),
            nn.Linear(c["units"], c["units"]),
            nn.ReLU(),
            nn.Linear(c["units"], 3),
        )
    kinds = {"cnn": Cnn, "lstm": Recurrent, "gru": Recurrent, "transformer": Transformer, "hybrid": Hybrid}
    return kinds[c["kind"]](c)


def measure(c):
    torch.manual_seed(1)
    net = build(c)
    optimizer = torch.optim.Adam(net.parameters(), 1e-3)
    batch, steps = c["batchSize"], c["steps"]
    x = torch.randn(steps * batch, c["windowBars"], c["features"])
    y = torch.randint(0, 3, (steps * batch,))
    times = []
    began = time.perf_counter()
    for run in range(c["runs"] + 1):
        # Heavy cases on a slow machine: three runs at least, then no more than a few seconds.
        if run > 3 and time.perf_counter() - began > 8:
            break
        order = torch.randperm(len(x))
        start = time.perf_counter()
        total = 0.0
        for i in range(steps):
            rows = order[i * batch : (i + 1) * batch]
            loss = nn.functional.cross_entropy(net(x[rows]), y[rows])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total += loss.item()
        times.append((time.perf_counter() - start) * 1000 / steps)
    return times[1:]


def answer(question):
    rows = []
    for threads in question["threads"]:
        torch.set_num_threads(threads)
        rows.append({"threads": threads, "runs": measure(question)})
    return {"rows": rows, "version": torch.__version__}


if __name__ == "__main__":
    for line in sys.stdin:
        print(json.dumps(answer(json.loads(line))), flush=True)
