"""Writes oracle.json: metrics of scikit-learn and scipy, optimizers, schedules and losses of PyTorch.

Needs numpy, scipy, scikit-learn and torch.
"""
import json, pathlib, warnings
import numpy as np, torch
from scipy import stats
from sklearn import metrics as m

warnings.filterwarnings("ignore")
rng = np.random.default_rng(7)
torch.manual_seed(7)
torch.set_default_dtype(torch.float64)
out = {}

# Metrics
n = 60
p2 = np.round(rng.uniform(0.02, 0.98, n), 2)  # ties on purpose
y2 = (rng.uniform(size=n) < p2).astype(int)
e = np.exp(rng.normal(size=(n, 3))); p3 = np.round(e / e.sum(1, keepdims=True), 6); p3[:, 2] = 1 - p3[:, 0] - p3[:, 1]
y3 = np.array([rng.choice(3, p=p / p.sum()) for p in p3])
def cls(y, p):
    k = p.shape[1]; pred = p.argmax(1)
    d = {"accuracy": m.accuracy_score(y, pred)}
    for a in ("macro", "micro"):
        q = m.precision_recall_fscore_support(y, pred, average=a, zero_division=0)
        d[f"precision_{a}"], d[f"recall_{a}"], d[f"f1_{a}"] = q[0], q[1], q[2]
    d["log_loss"] = m.log_loss(y, p, labels=range(k))
    if k == 2:
        d["roc_auc"] = m.roc_auc_score(y, p[:, 1]); d["pr_auc"] = m.average_precision_score(y, p[:, 1])
        d["brier"] = m.brier_score_loss(y, p[:, 1])
    else:
        d["roc_auc"] = m.roc_auc_score(y, p, multi_class="ovr")
        d["pr_auc"] = m.average_precision_score(np.eye(k)[y], p, average="macro")
        d["brier"] = float(((p - np.eye(k)[y]) ** 2).sum(1).mean())
    conf = p.max(1); hit = (pred == y).astype(float)
    edges = np.ceil(conf * 10) - 1
    d["calibration_error"] = float(sum(abs(hit[edges == b].sum() - conf[edges == b].sum()) for b in range(10)) / len(y))
    d["confusion"] = m.confusion_matrix(y, pred, labels=range(k)).flatten().tolist()
    return d
yr = rng.normal(size=n); pr = np.round(0.5 * yr + rng.normal(size=n), 1)
out["metrics"] = {
    "binary": {"y": y2.tolist(), "p": np.stack([1 - p2, p2], 1).flatten().tolist(), "expected": cls(y2, np.stack([1 - p2, p2], 1))},
    "multi": {"y": y3.tolist(), "p": p3.flatten().tolist(), "expected": cls(y3, p3)},
    "regression": {"y": yr.tolist(), "p": pr.tolist(), "expected": {
        "mae": m.mean_absolute_error(yr, pr), "rmse": m.root_mean_squared_error(yr, pr), "r2": m.r2_score(yr, pr),
        "ic": stats.pearsonr(yr, pr)[0], "rank_ic": stats.spearmanr(yr, pr)[0]}},
}

# Optimizers: 6 updates of 4 weights under given gradients
grads = rng.normal(size=(6, 4)); w0 = rng.normal(size=4)
def optimize(make):
    w = torch.tensor(w0, requires_grad=True); o = make([w])
    for g in grads:
        w.grad = torch.tensor(g); o.step()
    return w.detach().tolist()
O = torch.optim
cases = [
    ({"kind": "adam", "learningRate": 0.01}, lambda p: O.Adam(p, 0.01)),
    ({"kind": "adam", "learningRate": 0.01, "weightDecay": 0.1, "epsilon": 1e-5}, lambda p: O.Adam(p, 0.01, weight_decay=0.1, eps=1e-5)),
    ({"kind": "adamw", "learningRate": 0.01, "weightDecay": 0.1}, lambda p: O.AdamW(p, 0.01, weight_decay=0.1)),
    ({"kind": "sgd", "learningRate": 0.1}, lambda p: O.SGD(p, 0.1)),
    ({"kind": "sgd", "learningRate": 0.1, "momentum": 0.9, "weightDecay": 0.01}, lambda p: O.SGD(p, 0.1, momentum=0.9, weight_decay=0.01)),
    ({"kind": "sgd", "learningRate": 0.1, "momentum": 0.9, "nesterov": True}, lambda p: O.SGD(p, 0.1, momentum=0.9, nesterov=True)),
    ({"kind": "rmsprop", "learningRate": 0.01}, lambda p: O.RMSprop(p, 0.01)),
    ({"kind": "rmsprop", "learningRate": 0.01, "momentum": 0.5, "weightDecay": 0.1}, lambda p: O.RMSprop(p, 0.01, momentum=0.5, weight_decay=0.1)),
]
out["optimizers"] = {"start": w0.tolist(), "gradients": grads.tolist(), "cases": [{"config": c, "end": optimize(f)} for c, f in cases]}
g = torch.tensor(grads[0]); t = torch.zeros(4, requires_grad=True); t.grad = g.clone()
torch.nn.utils.clip_grad_norm_([t], 0.5)
out["clip"] = {"gradient": grads[0].tolist(), "maxNorm": 0.5, "clipped": t.grad.tolist(), "norm": float(g.norm())}

# Schedules
def rates(make, steps):
    o = O.SGD([torch.zeros(1, requires_grad=True)], 0.1); s = make(o); r = []
    for _ in range(steps):
        r.append(o.param_groups[0]["lr"]); o.step(); s.step()
    return r
L = O.lr_scheduler
out["schedules"] = {
    "cosine": rates(lambda o: L.CosineAnnealingLR(o, 19, eta_min=0.01), 20),
    "oneCycle": rates(lambda o: L.OneCycleLR(o, 0.1, total_steps=21, pct_start=0.3, div_factor=25, final_div_factor=1e4), 20),
}

# Losses and their gradients with respect to the logits
F = torch.nn.functional
z = torch.randn(5, 3, requires_grad=True); yc = torch.tensor([0, 2, 1, 1, 0]); w = torch.rand(5) + 0.5
z1 = torch.randn(5, 1, requires_grad=True); yb = torch.tensor([0., 1., 1., 0., 1.]); yv = torch.randn(5)
wm = lambda l: (l * w).sum() / w.sum()
def focal(gamma):
    lp = F.log_softmax(z, 1).gather(1, yc[:, None])[:, 0]; return wm(-(1 - lp.exp()) ** gamma * lp)
def pinball(q):
    e = yv[:, None] - z; qq = torch.tensor(q); return wm(torch.maximum(qq * e, (qq - 1) * e).mean(1))
def sharpe():
    g = torch.tanh(z1[:, 0]) * yv; mu = wm(g); return -mu / torch.sqrt(wm((g - mu) ** 2) + 1e-12)
L1 = z1[:, 0]
losses = [
    ("classification", {"kind": "crossEntropy"}, z, yc, lambda: wm(F.cross_entropy(z, yc, reduction="none"))),
    ("classification", {"kind": "crossEntropy", "labelSmoothing": 0.1}, z, yc, lambda: wm(F.cross_entropy(z, yc, reduction="none", label_smoothing=0.1))),
    ("classification", {"kind": "focal", "gamma": 2}, z, yc, lambda: focal(2)),
    ("classification", {"kind": "focal", "gamma": 1.5}, z, yc, lambda: focal(1.5)),
    ("binary", {"kind": "crossEntropy"}, z1, yb, lambda: wm(F.binary_cross_entropy_with_logits(L1, yb, reduction="none"))),
    ("binary", {"kind": "focal", "gamma": 2}, z1, yb, lambda: wm((1 - torch.where(yb == 1, torch.sigmoid(L1), 1 - torch.sigmoid(L1))) ** 2 * F.binary_cross_entropy_with_logits(L1, yb, reduction="none"))),
    ("regression", {"kind": "mse"}, z1, yv, lambda: wm((L1 - yv) ** 2)),
    ("regression", {"kind": "mae"}, z1, yv, lambda: wm((L1 - yv).abs())),
    ("regression", {"kind": "huber", "delta": 0.7}, z1, yv, lambda: wm(F.huber_loss(L1, yv, reduction="none", delta=0.7))),
    ("regression", {"kind": "quantile", "quantiles": [0.1, 0.5, 0.9]}, z, yv, lambda: pinball([0.1, 0.5, 0.9])),
    ("regression", {"kind": "directional", "scale": 2}, z1, yv, lambda: wm(yv.abs() * F.softplus(-yv.sign() * L1 / 2))),
    ("position", {"kind": "sharpe"}, z1, yv, sharpe),
]
out["losses"] = {"weights": w.tolist(), "cases": []}
for head, config, logits, y, f in losses:
    logits.grad = None; v = f(); v.backward()
    out["losses"]["cases"].append({"head": head, "config": config, "logits": logits.detach().flatten().tolist(),
        "units": logits.shape[1], "y": y.tolist(), "loss": v.item(), "gradient": logits.grad.flatten().tolist()})

def rounded(x):
    if isinstance(x, (float, np.floating)): return float(f"{x:.13g}")
    if isinstance(x, bool): return x
    if isinstance(x, (int, np.integer)): return int(x)
    if isinstance(x, list): return [rounded(v) for v in x]
    if isinstance(x, dict): return {k: rounded(v) for k, v in x.items()}
    return x
pathlib.Path(__file__).with_name("oracle.json").write_text(json.dumps(rounded(out)))
