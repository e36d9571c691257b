"""Times one suggestion (all parameters of a trial) plus tell in Optuna, by number of finished trials.

    python bench/peers/tuner_optuna.py SAMPLER RUNS COUNT[,COUNT…]

Ten float parameters, in-memory storage; prints {count: [milliseconds, …]} as one line of JSON.
"""
import json
import random
import sys
import time
import warnings

import optuna

warnings.simplefilter("ignore")
optuna.logging.set_verbosity(optuna.logging.ERROR)
sampler, runs = sys.argv[1], int(sys.argv[2])
space = {f"x{i}": optuna.distributions.FloatDistribution(-5, 5) for i in range(10)}


def make():
    return {
        "tpe": lambda: optuna.samplers.TPESampler(seed=1),
        "cmaes": lambda: optuna.samplers.CmaEsSampler(seed=1),
        "gp": lambda: optuna.samplers.GPSampler(seed=1),
    }[sampler]()


out = {}
for count in map(int, sys.argv[3].split(",")):
    rng = random.Random(2)
    study = optuna.create_study(sampler=make())
    for _ in range(count):
        params = {name: rng.uniform(-5, 5) for name in space}
        study.add_trial(optuna.trial.create_trial(
            params=params, distributions=space, value=sum(v * v for v in params.values())))
    times = []
    for run in range(runs + 1):
        start = time.perf_counter()
        trial = study.ask()
        total = sum(trial.suggest_float(name, -5, 5) ** 2 for name in space)
        study.tell(trial, total)
        if run > 0:
            times.append((time.perf_counter() - start) * 1000)
    out[count] = times
print(json.dumps(out))
