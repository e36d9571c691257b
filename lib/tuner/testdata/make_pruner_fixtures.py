"""Writes pruner_decisions.json: decisions of Optuna 5.0's pruners on recorded learning curves.

    python lib/tuner/testdata/make_pruner_fixtures.py

Each case runs 40 trials over the same curves (with NaN, ties, gaps in the steps, curves of
different lengths) and records at which step every trial was pruned.
"""
import json
import pathlib
import warnings

import numpy as np
import optuna
from optuna import pruners

warnings.simplefilter("ignore")
optuna.logging.set_verbosity(optuna.logging.ERROR)
here = pathlib.Path(__file__).parent


def curves(seed, kind):
    rng = np.random.RandomState(seed)
    out = []
    for i in range(40):
        if kind == "folds":
            level = rng.normal()
            values = [[int(s), round(float(level + rng.normal()), 3)] for s in range(12)]
            if i % 9 == 4:
                values[5][1] = values[6][1]
        else:
            length = 30 if i % 7 else 20
            scale, floor = rng.uniform(0.5, 3), rng.uniform(0, 1)
            values = []
            for s in range(length):
                if i % 5 == 3 and s % 3 == 1:
                    continue
                v = floor + scale * np.exp(-s / 6) + 0.05 * rng.normal()
                values.append([s, round(float(v), 2)])
            if i % 11 == 10:
                values[2][1] = float("nan")
            if i == 22:
                values = [[s, float("nan")] for s in range(5)]
        out.append(values)
    return out


CASES = [
    ("median", {}, lambda: pruners.MedianPruner()),
    ("median", {"startupTrials": 2, "warmupSteps": 3, "intervalSteps": 4, "minTrials": 3},
     lambda: pruners.MedianPruner(2, 3, 4, n_min_trials=3)),
    ("percentile", {"percentile": 25}, lambda: pruners.PercentilePruner(25.0)),
    ("percentile", {"percentile": 80, "startupTrials": 0},
     lambda: pruners.PercentilePruner(80.0, n_startup_trials=0)),
    ("successiveHalving", {}, lambda: pruners.SuccessiveHalvingPruner()),
    ("successiveHalving", {"minResource": 2, "reductionFactor": 3, "minEarlyStoppingRate": 1},
     lambda: pruners.SuccessiveHalvingPruner(2, 3, 1)),
    ("successiveHalving", {"minResource": 1, "reductionFactor": 2, "bootstrapCount": 3},
     lambda: pruners.SuccessiveHalvingPruner(1, 2, 0, 3)),
    ("hyperband", {}, lambda: pruners.HyperbandPruner()),
    ("hyperband", {"minResource": 1, "maxResource": 30, "reductionFactor": 2},
     lambda: pruners.HyperbandPruner(1, 30, 2)),
    ("threshold", {"lower": 0.3, "upper": 3.0, "warmupSteps": 1},
     lambda: pruners.ThresholdPruner(0.3, 3.0, n_warmup_steps=1)),
    ("patient", {"patience": 3, "minDelta": 0.05, "inner": None},
     lambda: pruners.PatientPruner(None, 3, 0.05)),
    ("patient", {"patience": 1, "inner": {"kind": "median", "startupTrials": 2}},
     lambda: pruners.PatientPruner(pruners.MedianPruner(2), 1)),
    ("wilcoxon", {}, lambda: pruners.WilcoxonPruner()),
    ("wilcoxon", {"pThreshold": 0.25, "startupSteps": 4},
     lambda: pruners.WilcoxonPruner(p_threshold=0.25, n_startup_steps=4)),
]
KINDS = {"curves": curves(1, "curves"), "folds": curves(2, "folds")}
cases = []
for kind, options, make in CASES:
    data = "folds" if kind == "wilcoxon" else "curves"
    for direction in ("minimize", "maximize"):
        study = optuna.create_study(study_name="recorded", direction=direction, pruner=make())
        sign = 1 if direction == "minimize" else -1
        pruned = []
        for curve in KINDS[data]:
            trial = study.ask()
            at = None
            reported = []
            for step, value in curve:
                trial.report(sign * value, step)
                reported.append(sign * value)
                if trial.should_prune():
                    at = step
                    break
            if at is None:
                last = reported[-1] if data == "curves" else sum(reported) / len(reported)
                if last != last:
                    study.tell(trial, state=optuna.trial.TrialState.FAIL)
                else:
                    study.tell(trial, last)
            else:
                study.tell(trial, state=optuna.trial.TrialState.PRUNED)
            pruned.append(at)
        cases.append({"kind": kind, "options": options, "direction": direction, "data": data,
                      "pruned": pruned})
text = json.dumps({"optuna": optuna.__version__, "curves": KINDS, "cases": cases})
(here / "pruner_decisions.json").write_text(text.replace("NaN", "null"))
