"""The random walk and the clock that the feature benchmarks' peers share."""

import json
import resource
import sys
import time

import numpy as np


def walk(length, seed):
    rng = np.random.default_rng(seed)
    gap, move = 1e-4 * rng.standard_normal(length), 1e-3 * rng.standard_normal(length)
    close = 100 * np.exp(np.cumsum(gap + move))
    open_ = close / np.exp(move)
    high = np.maximum(open_, close) * np.exp(1e-3 * rng.random(length))
    low = np.minimum(open_, close) * np.exp(-1e-3 * rng.random(length))
    volume = np.floor(1000 * (1 + rng.random(length)))
    return open_, high, low, close, volume


def main(features, each=None):
    """`features(open, high, low, close, volume)` gives a list of columns; `each` of the same arguments a
    dictionary of functions to time one by one."""
    symbols, bars, runs = (int(a) for a in sys.argv[1:4])
    series = [walk(bars, k) for k in range(symbols)]
    ms = []
    for _ in range(runs):
        started = time.perf_counter()
        held = [features(*columns) for columns in series]
        ms.append((time.perf_counter() - started) * 1000)
        count = len(held[0])
        del held
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    result = {"ms": ms, "peakMiB": peak, "columns": count}
    if each and symbols == 1:
        result["each"] = {name: fastest(f) for name, f in each(*series[0]).items()}
    print(json.dumps(result))


def fastest(f):
    best = float("inf")
    for _ in range(4):
        started = time.perf_counter()
        f()
        best = min(best, (time.perf_counter() - started) * 1000)
    return best
