"""Makes labels.json: `python make_label_fixtures.py PATH/TO/sp500-2000.csv > labels.json`.

Volatility by pandas, triple barriers by the book's definition in plain Python, t values by statsmodels.
"""

import json
import sys

import numpy as np
import pandas as pd
import statsmodels.api as sm

FROM, LENGTH = 3600, 400
c = pd.read_csv(sys.argv[1])["close"].iloc[FROM : FROM + LENGTH].reset_index(drop=True)
vol = c.pct_change().ewm(span=100).std()
barriers = []
for t in range(LENGTH):
    if not vol[t] > 0:
        barriers.append(None)
        continue
    path = c[t + 1 : t + 11] / c[t] - 1
    hits = path[(path >= 2 * vol[t]) | (path <= -1 * vol[t])]
    if len(hits):
        barriers.append([1 if hits.iloc[0] > 0 else -1, int(hits.index[0])])
    elif t + 10 < LENGTH:
        barriers.append([0, t + 10])
    else:
        barriers.append(None)
trend = []
for t in range(0, LENGTH - 20, 23):
    best, end = 0.0, None
    for k in range(5, 21):
        fit = sm.OLS(c[t : t + k + 1].to_numpy(), sm.add_constant(np.arange(k + 1))).fit()
        if abs(fit.tvalues[1]) > abs(best):
            best, end = float(fit.tvalues[1]), t + k
    trend.append([t, best, end])
rows = list(range(2, LENGTH, 29))
print(json.dumps({"from": FROM, "length": LENGTH, "volatility": [[i, float(vol[i])] for i in rows], "barriers": barriers, "trend": trend}, separators=(",", ":")))
