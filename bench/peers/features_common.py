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


def main(features):
    """`features(open, high, low, close, volume)` gives a list of columns."""
    symbols, bars, runs = (int(a) for a in sys.argv[1:4])
    series = [walk(bars, k) for k in range(symbols)]
    ms = []
    for _ in range(runs):
        started = time.perf_counter()
        held = [features(*columns) for columns in series]
        ms.append((time.perf_counter() - started) * 1000)
        del held
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"ms": ms, "peakMiB": peak}))
