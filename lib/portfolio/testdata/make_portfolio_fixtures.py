"""Writes portfolio_fixtures.json: scikit-learn's shrinkage, scipy's optima and linkage.

    python make_portfolio_fixtures.py   # needs numpy, scipy, scikit-learn
"""
import json
from pathlib import Path
import numpy as np
from scipy.cluster.hierarchy import linkage
from scipy.optimize import minimize
from scipy.spatial.distance import squareform
from sklearn.covariance import LedoitWolf

rng = np.random.default_rng(11)
n, k = 60, 6
market = rng.standard_normal(n)
x = np.round(0.01 * (0.05 + market[:, None] * np.linspace(0.3, 1.2, k) + rng.standard_normal((n, k)) * np.linspace(0.5, 1.5, k)), 6)
cov = np.cov(x.T)
mu = x.mean(0)
lw = LedoitWolf().fit(x)


def solve(f, cap):
    best = minimize(f, np.full(k, 1 / k), method="SLSQP", bounds=[(0, cap)] * k,
                    constraints=[dict(type="eq", fun=lambda w: w.sum() - 1)], options=dict(ftol=1e-16, maxiter=2000))
    return best.x


# Hierarchical risk parity (Lopez de Prado 2016), written out on scipy's single linkage.
corr = np.corrcoef(x.T)
link = linkage(squareform(np.sqrt(np.clip((1 - corr) / 2, 0, None)), checks=False), "single")


def leaves(i):
    return [i] if i < k else leaves(int(link[i - k, 0])) + leaves(int(link[i - k, 1]))


def cluster_variance(items):
    c = cov[np.ix_(items, items)]
    w = 1 / np.diag(c)
    w /= w.sum()
    return w @ c @ w


order = leaves(2 * k - 2)
hrp = np.ones(k)
clusters = [order]
while clusters:
    clusters = [c[a:b] for c in clusters for a, b in ((0, len(c) // 2), (len(c) // 2, len(c))) if len(c) > 1]
    for i in range(0, len(clusters), 2):
        a, b = cluster_variance(clusters[i]), cluster_variance(clusters[i + 1])
        hrp[clusters[i]] *= 1 - a / (a + b)
        hrp[clusters[i + 1]] *= a / (a + b)
out = dict(
    returns=x.tolist(), shrunk=lw.covariance_.tolist(), shrinkage=float(lw.shrinkage_),
    minimumVariance=solve(lambda w: 1e4 * w @ cov @ w, 1).tolist(),
    minimumVarianceCapped=solve(lambda w: 1e4 * w @ cov @ w, 0.3).tolist(),
    meanVariance=solve(lambda w: 1e4 * (w @ cov @ w / 2 * 4 - mu @ w), 1).tolist(),
    maximumSharpe=solve(lambda w: -(mu @ w) / np.sqrt(w @ cov @ w), 1).tolist(),
    order=order, hierarchical=hrp.tolist())
text = json.dumps(out, separators=(",", ":"))
(Path(__file__).parent / "portfolio_fixtures.json").write_text(text + "\n")
print(len(text), {key: np.round(out[key], 4).tolist() for key in out if key not in ("returns", "shrunk")})
