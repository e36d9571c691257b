"""Writes importances.json: a study and its importances by Optuna 5.0 (PED-ANOVA exact, fANOVA mean of
20 seeds).

    python lib/tuner/testdata/make_importance_fixtures.py
"""
import json
import math
import pathlib
import warnings

import optuna
from optuna.importance import FanovaImportanceEvaluator, PedAnovaImportanceEvaluator

warnings.simplefilter("ignore")
optuna.logging.set_verbosity(optuna.logging.ERROR)
here = pathlib.Path(__file__).parent
study = optuna.create_study(direction="maximize", sampler=optuna.samplers.TPESampler(seed=5))


def objective(t):
    x = t.suggest_float("x", -2, 2)
    rate = t.suggest_float("rate", 1e-4, 1, log=True)
    n = t.suggest_int("n", 1, 12)
    units = t.suggest_int("units", 4, 300, log=True)
    s = t.suggest_float("s", 0, 1, step=0.1)
    kind = t.suggest_categorical("kind", ["a", "b", "c"])
    extra = t.suggest_float("extra", 0, 1) if kind == "a" else 0
    return -x * x - abs(math.log10(rate) + 2) / 2 - n / 40 + {"a": 0, "b": 0.4, "c": -0.3}[kind] + 0.01 * s + extra / 10 - abs(units - 60) / 500


study.optimize(objective, n_trials=80)
ped = optuna.importance.get_param_importances(study, evaluator=PedAnovaImportanceEvaluator(), normalize=False)
total = {}
for seed in range(20):
    one = optuna.importance.get_param_importances(
        study, evaluator=FanovaImportanceEvaluator(seed=seed), normalize=False)
    for k, v in one.items():
        total[k] = total.get(k, 0) + v / 20


def describe(d):
    if hasattr(d, "choices"):
        return {"kind": "categorical", "choices": list(d.choices)}
    return {"kind": "float" if "Float" in type(d).__name__ else "int", "low": d.low, "high": d.high,
            "log": d.log, "step": d.step}


(here / "importances.json").write_text(json.dumps({
    "optuna": optuna.__version__, "direction": "maximize", "pedAnova": ped, "fanova": total,
    "distributions": {k: describe(d) for t in study.trials for k, d in t.distributions.items()},
    "trials": [{"value": t.value, "params": t.params} for t in study.trials]}))
