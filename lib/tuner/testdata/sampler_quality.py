"""Best values of Optuna 5.0's samplers, by seed: one line of JSON per sampler and problem.

    python lib/tuner/testdata/sampler_quality.py SAMPLER[,SAMPLER…] PROBLEM[,PROBLEM…] SEEDS TRIALS

SEEDS is their number, or FROM:TO for a part of them (TO excluded): the slow ones run in parts.

The problems are those of sampler_quality.ts, which runs ours and writes sampler_quality.json.
"""
import json
import math
import pathlib
import sys
import warnings

import optuna

warnings.simplefilter("ignore")
optuna.logging.set_verbosity(optuna.logging.ERROR)
here = pathlib.Path(__file__).parent

A6 = [[10, 3, 17, 3.5, 1.7, 8], [0.05, 10, 17, 0.1, 8, 14], [3, 3.5, 1.7, 10, 17, 8],
      [17, 8, 0.05, 10, 0.1, 14]]
P6 = [[1312, 1696, 5569, 124, 8283, 5886], [2329, 4135, 8307, 3736, 1004, 9991],
      [2348, 1451, 3522, 2883, 3047, 6650], [4047, 8828, 8732, 5743, 1091, 381]]
C6 = [1.0, 1.2, 3.0, 3.2]


def branin(t):
    x, y = t.suggest_float("x", -5, 10), t.suggest_float("y", 0, 15)
    b, c = 5.1 / (4 * math.pi**2), 5 / math.pi
    return (y - b * x * x + c * x - 6) ** 2 + 10 * (1 - 1 / (8 * math.pi)) * math.cos(x) + 10


def hartmann6(t):
    x = [t.suggest_float(f"x{i}", 0, 1) for i in range(6)]
    return -sum(
        C6[k] * math.exp(-sum(A6[k][i] * (x[i] - P6[k][i] * 1e-4) ** 2 for i in range(6)))
        for k in range(4)
    )


def rosenbrock10(t):
    x = [t.suggest_float(f"x{i}", -5, 10) for i in range(10)]
    return sum(100 * (x[i + 1] - x[i] ** 2) ** 2 + (1 - x[i]) ** 2 for i in range(9))


def rastrigin10(t):
    x = [t.suggest_float(f"x{i}", -5.12, 5.12) for i in range(10)]
    return 100 + sum(v * v - 10 * math.cos(2 * math.pi * v) for v in x)


def mixed(t):
    rate = t.suggest_float("rate", 1e-5, 1, log=True)
    units = t.suggest_int("units", 4, 256, log=True)
    layers = t.suggest_int("layers", 1, 6)
    drop = t.suggest_float("drop", 0, 0.5, step=0.05)
    kind = t.suggest_categorical("kind", ["a", "b", "c", "d"])
    shift = {"a": 0.0, "b": 0.5, "c": 1.0, "d": 0.3}[kind]
    return ((math.log10(rate) + 2.5 + shift) ** 2 + (math.log2(units) - 6) ** 2 / 8
            + abs(layers - 3) / 4 + (drop - 0.2) ** 2 * 5 + shift)


def conditional(t):
    kind = t.suggest_categorical("kind", ["tree", "net", "line"])
    if kind == "tree":
        depth, leaf = t.suggest_int("depth", 1, 30), t.suggest_float("leaf", 0, 1)
        return 0.3 + abs(depth - 11) / 20 + (leaf - 0.6) ** 2
    if kind == "net":
        rate, width = t.suggest_float("rate", 1e-6, 1, log=True), t.suggest_int("width", 8, 512, log=True)
        return (math.log10(rate) + 3) ** 2 / 4 + (math.log2(width) - 7) ** 2 / 8
    return 0.8 + (t.suggest_float("slope", -5, 5) - 2) ** 2 / 10


table_file = here / "tabular_hpo.json"
table = json.loads(table_file.read_text()) if table_file.exists() else None


def tabular(t):
    index = 0
    for name, values in table["space"]:
        index = index * len(values) + t.suggest_int(name, 0, len(values) - 1)
    return table["losses"][index]


def make(sampler, seed):
    s = optuna.samplers
    return {
        "random": lambda: s.RandomSampler(seed=seed),
        "qmc": lambda: s.QMCSampler(seed=seed, scramble=True),
        "tpe": lambda: s.TPESampler(seed=seed),
        "tpe-independent": lambda: s.TPESampler(seed=seed, multivariate=False),
        "tpe-group": lambda: s.TPESampler(seed=seed, multivariate=True, group=True),
        "cmaes": lambda: s.CmaEsSampler(seed=seed, with_margin=True),
        "gp": lambda: s.GPSampler(seed=seed),
        "nsga2": lambda: s.NSGAIISampler(seed=seed),
    }[sampler]()


if __name__ == "__main__":
    samplers, problems = sys.argv[1].split(","), sys.argv[2].split(",")
    first, last = map(int, sys.argv[3].split(":")) if ":" in sys.argv[3] else (0, int(sys.argv[3]))
    trials = int(sys.argv[4])
    for sampler in samplers:
        for problem in problems:
            best = []
            for seed in range(first, last):
                study = optuna.create_study(sampler=make(sampler, seed))
                study.optimize(globals()[problem], n_trials=trials)
                best.append(study.best_value)
            print(json.dumps({"sampler": sampler, "problem": problem, "trials": trials,
                              "from": first, "best": best}), flush=True)
