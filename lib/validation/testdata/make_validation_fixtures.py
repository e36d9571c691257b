"""Writes validation_fixtures.json: arch's SPA, statsmodels' Markov switching filter, on small data.

    python make_validation_fixtures.py   # needs arch, statsmodels
"""
import json
from pathlib import Path
import numpy as np
from arch.bootstrap import SPA
from statsmodels.tsa.regime_switching.markov_regression import MarkovRegression

rng = np.random.default_rng(3)
out = {}
# Superior predictive ability: losses are minus returns; the benchmark is 0.
n = 250
common = rng.standard_normal(n)
spa = []
for name, edge in (("none", 0.0), ("weak", 0.14), ("strong", 0.3)):
    x = np.round(0.5 * common[:, None] + rng.standard_normal((n, 8)), 3)
    x[:, 7] += -0.6  # a clearly bad one
    x[:, 2] += edge
    x = np.round(x, 3)
    test = SPA(np.zeros(n), -x, block_size=6, reps=20_000, bootstrap="stationary", studentize=True, seed=1)
    test.compute()
    p = test.pvalues
    spa.append(dict(name=name, returns=x.T.tolist(), lower=float(p["lower"]), consistent=float(p["consistent"]),
                    upper=float(p["upper"])))
out["spa"] = spa
# Two-state Markov switching in mean and variance.
n = 400
state = np.zeros(n, int)
for t in range(1, n):
    state[t] = state[t - 1] if rng.random() < (0.97, 0.93)[state[t - 1]] else 1 - state[t - 1]
y = np.round(np.where(state == 0, 0.05 + 0.6 * rng.standard_normal(n), -0.1 + 1.8 * rng.standard_normal(n)), 4)
model = MarkovRegression(y, k_regimes=2, switching_variance=True)
fit = model.fit(search_reps=20, disp=False)
given = np.array([0.95, 0.1, 0.02, -0.05, 0.5, 2.5])  # p00, p10, means, variances
smooth = model.filter(given)
out["markov"] = dict(
    returns=y.tolist(), names=list(model.param_names), params=fit.params.tolist(), llf=float(fit.llf),
    given=given.tolist(), givenLlf=float(smooth.llf),
    givenFiltered=np.round(np.asarray(smooth.filtered_marginal_probabilities)[:, 1], 12).tolist())
text = json.dumps(out, separators=(",", ":"))
(Path(__file__).parent / "validation_fixtures.json").write_text(text + "\n")
print(len(text), out["markov"]["names"], out["markov"]["params"], [(s["name"], s["lower"], s["consistent"], s["upper"]) for s in spa])
