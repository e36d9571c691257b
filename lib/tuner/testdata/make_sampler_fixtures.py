"""Writes sampler_numbers.json: Sobol and Halton points (scipy), CMA-ES states (cmaes), Gaussian
process posteriors and log EI (optuna 5.0), hypervolumes (optuna 5.0).

    python lib/tuner/testdata/make_sampler_fixtures.py
"""
import json
import pathlib
import warnings

import cmaes
import numpy as np
import optuna
import torch
from optuna._gp import acqf, gp, prior
from optuna._hypervolume import compute_hypervolume
from scipy.stats import qmc

warnings.simplefilter("ignore")
here = pathlib.Path(__file__).parent
rng = np.random.RandomState(3)
out = {"sobol": qmc.Sobol(40, scramble=False).random(32)[[1, 2, 3, 7, 20, 31]].tolist(),
       "halton": qmc.Halton(6, scramble=False).random(32)[[0, 1, 2, 9, 31]].tolist()}

out["cma"] = []
for n, steps, pop in ((3, [0, 0, 0], None), (5, [0, 0, 0.25, 0.1, 1.0], None), (4, [0, 0.2, 0, 0], 12)):
    bounds = np.array([[0.0, 1.0]] * n)
    mean = np.full(n, 0.5)
    margin = any(s > 0 for s in steps)
    if margin:
        es = cmaes.CMAwM(mean=mean, sigma=1 / 6, bounds=bounds, steps=np.array(steps, float),
                         n_max_resampling=10 * n, seed=1, population_size=pop)
        inner = es._cma
    else:
        es = inner = cmaes.CMA(mean=mean, sigma=1 / 6, bounds=bounds, n_max_resampling=10 * n,
                               seed=1, population_size=pop)
    target = rng.uniform(size=n)
    generations = []
    for g in range(15):
        points, encoded = [], []
        for _ in range(es.population_size):
            asked = es.ask()
            x, raw = asked if margin else (asked, asked)
            loss = float(((x - target) ** 2).sum() * 10 + 0.1 * np.sin(20 * x).sum())
            points.append((raw, loss))
            encoded.append(x.tolist())
        given = [[p.tolist(), l] for p, l in points]
        es.tell(list(points))
        generations.append({"points": given, "encoded": encoded, "mean": inner._mean.tolist(),
                            "sigma": float(inner._sigma), "C": inner._C.tolist()})
    out["cma"].append({"steps": steps, "populationSize": pop, "generations": generations[:3] + generations[-1:],
                       "all": [g["points"] for g in generations]})

is_cat = np.array([False, False, True])
X = rng.uniform(size=(25, 3))
X[:, 2] = rng.randint(3, size=25)
Y = np.sin(5 * X[:, 0]) + X[:, 1] ** 2 + 0.3 * (X[:, 2] == 1) + 0.05 * rng.normal(size=25)
Y = (Y - Y.mean()) / Y.std()
hyper = {"inverseSquaredLengths": [4.0, 1.5, 0.7], "kernelScale": 1.3, "noiseVariance": 0.02}
model = gp.GPRegressor(torch.from_numpy(is_cat), torch.from_numpy(X), torch.from_numpy(Y),
                       torch.tensor(hyper["inverseSquaredLengths"], dtype=torch.float64),
                       torch.tensor(1.3, dtype=torch.float64), torch.tensor(0.02, dtype=torch.float64))
likelihood = model.marginal_log_likelihood().item()
model._cache_matrix()
P = rng.uniform(size=(8, 3))
P[:, 2] = rng.randint(3, size=8)
mean, var = model.posterior(torch.from_numpy(P))
fitted = gp.fit_kernel_params(X, Y, is_cat, prior.default_log_prior, 1e-6, False, gtol=1e-6)
objective = (fitted.marginal_log_likelihood() + prior.default_log_prior(fitted)).item()
out["gp"] = {
    "x": X.tolist(), "y": Y.tolist(), "isCategorical": is_cat.tolist(), "hyper": hyper,
    "logLikelihood": likelihood, "points": P.tolist(), "mean": mean.tolist(), "variance": var.tolist(),
    "fitted": {"inverseSquaredLengths": fitted.inverse_squared_lengthscales.tolist(),
               "kernelScale": fitted.kernel_scale.item(), "noiseVariance": fitted.noise_var.item(),
               "objective": objective},
    "z": [-60.0, -30.0, -25.5, -24.5, -3.0, 0.0, 2.5, 40.0],
    "logEi": acqf.standard_logei(torch.tensor([-60.0, -30.0, -25.5, -24.5, -3.0, 0.0, 2.5, 40.0],
                                              dtype=torch.float64)).tolist(),
}
out["hypervolume"] = []
for m in (2, 3, 4):
    points = rng.uniform(size=(12, m))
    out["hypervolume"].append({"points": points.tolist(), "reference": [1.1] * m,
                               "volume": compute_hypervolume(points, np.full(m, 1.1))})
(here / "sampler_numbers.json").write_text(json.dumps(out))
