"""Writes tpe_densities.json and tpe_splits.json with Optuna 5.0's own Parzen estimator and split.

    python lib/tuner/testdata/make_tpe_fixtures.py

argsort is made stable here: with equal observations and unequal weights the density depends on
the order that the sort leaves equal values in, which numpy does not define.
"""
import json
import pathlib
import warnings

import numpy as np
import optuna
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.samplers._tpe import parzen_estimator, sampler as tpe
from optuna.trial import TrialState, create_trial

warnings.simplefilter("ignore")
optuna.logging.set_verbosity(optuna.logging.ERROR)
here = pathlib.Path(__file__).parent
original_argsort = np.argsort
parzen_estimator.np.argsort = lambda a, **k: original_argsort(a, kind="stable")
rng = np.random.RandomState(20)


def describe(d):
    if isinstance(d, CategoricalDistribution):
        return {"kind": "categorical", "choices": list(d.choices)}
    kind = "float" if isinstance(d, FloatDistribution) else "int"
    return {"kind": kind, "low": d.low, "high": d.high, "log": d.log, "step": d.step}


def draw(d, size):
    if isinstance(d, CategoricalDistribution):
        return rng.randint(len(d.choices), size=size).astype(float)
    if isinstance(d, IntDistribution):
        k = rng.randint((d.high - d.low) // d.step + 1, size=size)
        return (d.low + k * d.step).astype(float)
    if d.step is not None:
        k = rng.randint(int(round((d.high - d.low) / d.step)) + 1, size=size)
        return d.low + k * d.step
    if d.log:
        return np.exp(rng.uniform(np.log(d.low), np.log(d.high), size=size))
    return rng.uniform(d.low, d.high, size=size)


SPACES = {
    "float": {"x": FloatDistribution(-3, 7)},
    "log": {"x": FloatDistribution(1e-5, 1, log=True)},
    "step": {"x": FloatDistribution(0, 2, step=0.25)},
    "int": {"x": IntDistribution(2, 40)},
    "logint": {"x": IntDistribution(1, 512, log=True)},
    "category": {"x": CategoricalDistribution(["a", "b", "c", "d"])},
    "mixed": {
        "a": FloatDistribution(-1, 1),
        "b": FloatDistribution(1e-3, 10, log=True),
        "c": IntDistribution(0, 20, step=2),
        "d": CategoricalDistribution([True, False, None]),
        "e": IntDistribution(1, 100, log=True),
        "f": FloatDistribution(0, 1, step=0.1),
    },
}
cases = []
for name, space in SPACES.items():
    for n in (0, 1, 2, 9, 40) + ((260,) if name in ("float", "mixed") else ()):
        for endpoints, clip in ((False, True),) + (((True, False),) if n == 9 else ()):
            params = parzen_estimator._ParzenEstimatorParameters(
                1.0, clip, endpoints, tpe.default_weights, True
            )
            observations = {k: draw(d, n) for k, d in space.items()}
            points = {k: draw(d, 6) for k, d in space.items()}
            estimator = parzen_estimator._ParzenEstimator(observations, space, params)
            cases.append({
                "space": [[k, describe(d)] for k, d in space.items()],
                "endpoints": endpoints,
                "magicClip": clip,
                "observations": [observations[k].tolist() for k in space],
                "points": [points[k].tolist() for k in space],
                "logDensity": estimator.log_pdf(points).tolist(),
            })
(here / "tpe_densities.json").write_text(json.dumps({"optuna": optuna.__version__, "cases": cases}))

splits = []
for objectives, n in ((1, 3), (1, 12), (1, 60), (1, 300), (2, 12), (2, 60), (3, 40)):
    directions = ["minimize", "maximize", "minimize"][:objectives]
    if objectives == 1 and n == 60:
        directions = ["maximize"]
    study = optuna.create_study(directions=directions)
    rows = []
    for i in range(n):
        kind = rng.choice(["complete", "pruned", "infeasible"], p=[0.8, 0.1, 0.1])
        values = [float(v) for v in np.round(rng.normal(size=objectives), 1 if n > 20 else 6)]
        row = {"state": "complete", "values": values, "intermediate": [], "violation": 0.0}
        attrs = {}
        if kind == "pruned" and objectives == 1:
            row["state"] = "pruned"
            steps = int(rng.randint(0, 4))
            row["intermediate"] = [[s, float(rng.normal())] for s in range(steps)]
            row["values"] = None
        elif kind == "infeasible":
            row["violation"] = float(abs(rng.normal()) + 0.01)
            attrs = {"constraints:c": row["violation"]}
        trial = create_trial(
            state=TrialState.PRUNED if row["state"] == "pruned" else TrialState.COMPLETE,
            values=row["values"],
            intermediate_values=dict(row["intermediate"]),
            system_attrs=attrs,
        )
        assert (sum(v for v in trial.constraints.values() if v > 0) > 0) == (row["violation"] > 0)
        study.add_trial(trial)
        rows.append(row)
    trials = study.get_trials()
    gamma = tpe.default_gamma if objectives == 1 else tpe.default_gamma_multiobjective
    below, _ = tpe._split_trials(study, trials, gamma(n))
    splits.append({"directions": directions, "trials": rows, "below": [t.number for t in below]})
(here / "tpe_splits.json").write_text(json.dumps({"optuna": optuna.__version__, "cases": splits}))
