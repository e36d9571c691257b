"""Opens a journal with real optuna and prints what it sees as JSON; or writes one.

    python lib/tuner/testdata/read_journal.py FILE          # print
    python lib/tuner/testdata/read_journal.py --write FILE  # write optuna_study.log
"""
import json
import sys
import warnings

import optuna
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend

warnings.simplefilter("ignore")
optuna.logging.set_verbosity(optuna.logging.ERROR)


def text(x):
    return None if x is None else x if x == x and abs(x) != float("inf") else str(x)


def describe(storage):
    out = []
    for summary in optuna.get_all_study_summaries(storage):
        study = optuna.load_study(study_name=summary.study_name, storage=storage)
        trials = study.trials
        complete = [t for t in trials if t.state.name == "COMPLETE"]
        best = None
        if len(study.directions) == 1 and complete:
            best = {"number": study.best_trial.number, "value": text(study.best_value),
                    "params": study.best_params}
        out.append({
            "name": study.study_name,
            "directions": [d.name.lower() for d in study.directions],
            "best": best,
            "trials": [{
                "number": t.number, "state": t.state.name,
                "values": None if t.values is None else [text(v) for v in t.values],
                "params": t.params,
                "intermediate": [[s, text(v)] for s, v in sorted(t.intermediate_values.items())],
                "constraints": t.constraints, "user_attrs": t.user_attrs,
                "distributions": {k: repr(d) for k, d in t.distributions.items()},
            } for t in trials],
        })
    return out


if sys.argv[1] == "--write":
    storage = JournalStorage(JournalFileBackend(sys.argv[2]))
    study = optuna.create_study(study_name="from optuna", storage=storage, direction="maximize",
                                sampler=optuna.samplers.TPESampler(seed=1),
                                pruner=optuna.pruners.MedianPruner(n_startup_trials=2))
    study.set_user_attr("owner", "ada")

    def objective(t):
        x = t.suggest_float("x", -5, 5)
        n = t.suggest_int("n", 1, 64, log=True)
        kind = t.suggest_categorical("kind", ["a", "b", None])
        s = t.suggest_float("s", 0, 1, step=0.25)
        t.set_user_attr("note", f"trial {t.number}")
        t.set_constraint("c", x - 4)
        for step in range(3):
            t.report(float("nan") if t.number == 4 and step == 1 else -x * x + step + t.number, step)
            if t.should_prune():
                raise optuna.TrialPruned()
        if t.number == 6:
            raise ValueError("broken")
        return -x * x - n / 64 + s + (kind == "b")

    study.enqueue_trial({"x": 0.5, "kind": None})
    study.optimize(objective, n_trials=11, catch=(ValueError,))
    other = optuna.create_study(study_name="two", storage=storage, directions=["minimize", "maximize"])
    other.optimize(lambda t: (t.suggest_float("a", 0, 1), t.suggest_float("b", 0, 1)), n_trials=3)
    study.enqueue_trial({"x": 1.5})
else:
    storage = JournalStorage(JournalFileBackend(sys.argv[1]))
print(json.dumps(describe(storage), indent=1))
