"""Makes features.json: values of reference libraries on a part of the S&P 500 sample.

Run as `python make_fixtures.py PATH/TO/sp500-2000.csv > features.json` with numpy, pandas, scipy,
TA-Lib, PyWavelets, arch and statsmodels. Each case names the step it stands for, the rows looked at and their values.
"""

import json
import sys

import arch
import numpy as np
import pandas as pd
import pywt
import scipy.fft
import scipy.signal
import scipy.stats
import statsmodels.api as sm
import talib

FROM, LENGTH = 3600, 700
d = pd.read_csv(sys.argv[1]).iloc[FROM : FROM + LENGTH].reset_index(drop=True)
o, h, l, c, v = (d[k].astype(float).to_numpy().copy() for k in ["open", "high", "low", "close", "volume"])
C, V = pd.Series(c), pd.Series(v)
O, H, L = pd.Series(o), pd.Series(h), pd.Series(l)
r = np.log(C).diff()
TR = pd.Series(talib.TRANGE(h, l, c))
cases = []


def add(oracle, kind, values, output=None, **params):
    """`output` is the suffix of one of several columns."""
    x = np.asarray(values, dtype=float)
    first = int(np.argmax(~np.isnan(x)))
    rows = sorted({first, first + 1, first + 2, LENGTH - 1, *range(first, LENGTH, 41)})
    case = {"oracle": oracle, "step": {"kind": kind, **params}, "first": first}
    if output:
        case["output"] = output
    case["rows"] = rows
    case["values"] = [float(x[i]) for i in rows]
    cases.append(case)


# Moving averages
ta = "TA-Lib"
add(ta, "sma", talib.SMA(c, 20), window=20)
add(ta, "ema", talib.EMA(c, 20), window=20)
add(ta, "wma", talib.WMA(c, 20), window=20)
add(ta, "dema", talib.DEMA(c, 20), window=20)
add(ta, "tema", talib.TEMA(c, 20), window=20)
add(ta, "t3", talib.T3(c, 5), window=5)
add(ta, "trima", talib.TRIMA(c, 20), window=20)
add(ta, "trima", talib.TRIMA(c, 21), window=21)
add(ta, "kama", talib.KAMA(c, 10), window=10)
wma = lambda s, n: s.rolling(n).apply(lambda w: np.dot(w, np.arange(1, n + 1)) / (n * (n + 1) / 2), raw=True)
add("pandas", "hma", wma(2 * wma(C, 8) - wma(C, 16), 4), window=16)
w14 = np.full(LENGTH, np.nan)
w14[13] = c[:14].mean()
for i in range(14, LENGTH):
    w14[i] = w14[i - 1] + (c[i] - w14[i - 1]) / 14
add("numpy", "wilder", w14, window=14)

# Momentum
add(ta, "rsi", talib.RSI(c, 14), window=14)
m = talib.MACD(c, 12, 26, 9)
for k, name in enumerate(["line", "signal", "histogram"]):
    add(ta, "macd", m[k], name)
add(ta, "cmo", talib.CMO(c, 14))
add(ta, "apo", talib.APO(c, 12, 26, 1))
add(ta, "ppo", talib.PPO(c, 12, 26, 1))
add(ta, "trix", talib.TRIX(c, 15))
k, dd = talib.STOCH(h, l, c, 5, 3, 0, 3, 0)
add(ta, "stochastic", k, "k")
add(ta, "stochastic", dd, "d")
k, dd = talib.STOCHF(h, l, c, 14, 3, 0)
add(ta, "stochastic", k, "k", window=14, smoothK=1, smoothD=3)
add(ta, "stochastic", dd, "d", window=14, smoothK=1, smoothD=3)
k, dd = talib.STOCHRSI(c, 14, 5, 3, 0)
add(ta, "stochasticRsi", k, "k")
add(ta, "stochasticRsi", dd, "d")
add(ta, "williamsR", talib.WILLR(h, l, c, 14))
add(ta, "cci", talib.CCI(h, l, c, 14))
add(ta, "mfi", talib.MFI(h, l, c, v, 14))
add(ta, "ultimateOscillator", talib.ULTOSC(h, l, c))
add(ta, "balanceOfPower", talib.BOP(o, h, l, c))
mid = (H + L) / 2
add("pandas", "awesomeOscillator", mid.rolling(5).mean() - mid.rolling(34).mean())
ema = lambda s, n: pd.Series(talib.EMA(s.to_numpy(), n))  # EMA of a series without leading NaN


def ema_after_nan(s, n):
    first = s.first_valid_index()
    out = np.full(len(s), np.nan)
    out[first:] = talib.EMA(s.to_numpy()[first:], n)
    return pd.Series(out)


diff = C.diff()
tsi = 100 * ema_after_nan(ema_after_nan(diff, 25), 13) / ema_after_nan(ema_after_nan(diff.abs(), 25), 13)
add("TA-Lib EMA", "tsi", tsi)

# Trend
adx = talib.ADX(h, l, c, 14)
add(ta, "adx", adx, "adx")
add(ta, "adx", np.where(np.isnan(adx), np.nan, talib.PLUS_DI(h, l, c, 14)), "plus")
add(ta, "adx", np.where(np.isnan(adx), np.nan, talib.MINUS_DI(h, l, c, 14)), "minus")
down, up = talib.AROON(h, l, 14)
add(ta, "aroon", up, "up")
add(ta, "aroon", down, "down")
add(ta, "aroon", talib.AROONOSC(h, l, 14), "oscillator")
add(ta, "parabolicSar", talib.SAR(h, l, 0.02, 0.2))
add(ta, "linearRegression", talib.LINEARREG(c, 14), "value")
add(ta, "linearRegression", talib.LINEARREG_SLOPE(c, 14), "slope")
r2 = C.rolling(14).apply(lambda w: scipy.stats.linregress(np.arange(14), w).rvalue ** 2, raw=True)
add("scipy", "linearRegression", r2, "r2")
vp = (H - L.shift()).abs().rolling(14).sum() / TR.rolling(14).sum()
vm = (L - H.shift()).abs().rolling(14).sum() / TR.rolling(14).sum()
add("pandas", "vortex", vp, "plus")
add("pandas", "vortex", vm, "minus")
e1 = ema(H - L, 9)
add("TA-Lib EMA", "massIndex", (e1 / ema_after_nan(e1, 9)).rolling(25).sum())
chop = 100 * np.log10(TR.rolling(14).sum() / (H.rolling(14).max() - L.rolling(14).min())) / np.log10(14)
add("pandas", "choppiness", chop)
atr10 = talib.ATR(h, l, c, 10)
line, side = np.full(LENGTH, np.nan), np.full(LENGTH, np.nan)
ub = lb = np.nan
s = 1
for i in range(10, LENGTH):
    bu, bl = mid[i] + 3 * atr10[i], mid[i] - 3 * atr10[i]
    pu, pl = ub, lb
    ub = bu if np.isnan(pu) or bu < pu or c[i - 1] > pu else pu
    lb = bl if np.isnan(pl) or bl > pl or c[i - 1] < pl else pl
    if c[i] > pu:
        s = 1
    elif c[i] < pl:
        s = -1
    line[i], side[i] = (lb if s > 0 else ub), s
add("TA-Lib ATR", "superTrend", line, "line")
add("TA-Lib ATR", "superTrend", side, "side")

# Channels
b = talib.BBANDS(c, 20, 2, 2, 0)
for k, name in enumerate(["upper", "middle", "lower"]):
    add(ta, "bollinger", b[k], name)
add(ta, "bollinger", (c - b[2]) / (b[0] - b[2]), "percent")
add(ta, "bollinger", (b[0] - b[2]) / b[1], "width")
add(ta, "keltner", talib.EMA(c, 20) + 2 * atr10, "upper")
add(ta, "keltner", talib.EMA(c, 20) - 2 * atr10, "lower")
add(ta, "donchian", talib.MAX(h, 20), "upper")
add(ta, "donchian", talib.MIN(l, 20), "lower")
add(ta, "donchian", (c - talib.MIN(l, 20)) / (talib.MAX(h, 20) - talib.MIN(l, 20)), "place")
mp = lambda n: talib.MIDPRICE(h, l, n)
known = np.where(np.isnan(mp(52)), np.nan, 1)
add(ta, "ichimoku", mp(9) * known, "conversion")
add(ta, "ichimoku", mp(26) * known, "base")
add(ta, "ichimoku", (mp(9) + mp(26)) / 2 * known, "spanA")
add(ta, "ichimoku", mp(52), "spanB")

# Volatility
add(ta, "trueRange", talib.TRANGE(h, l, c))
add(ta, "atr", talib.ATR(h, l, c, 14))
add(ta, "natr", talib.NATR(h, l, c, 14))
add("pandas", "realizedVolatility", r.rolling(20).std() * np.sqrt(252))
add("pandas", "parkinson", np.sqrt((np.log(H / L) ** 2).rolling(20).mean() / (4 * np.log(2)) * 252))
gk = 0.5 * np.log(H / L) ** 2 - (2 * np.log(2) - 1) * np.log(C / O) ** 2
add("pandas", "garmanKlass", np.sqrt(gk.rolling(20).mean() * 252))
rs = np.log(H / C) * np.log(H / O) + np.log(L / C) * np.log(L / O)
add("pandas", "rogersSatchell", np.sqrt(rs.rolling(20).mean() * 252))
share = 0.34 / (1.34 + 21 / 19)
yz = np.log(O / C.shift()).rolling(20).var() + share * np.log(C / O).rolling(20).var() + (1 - share) * rs.rolling(20).mean()
add("pandas", "yangZhang", np.sqrt(yz * 252))
ew = (r.dropna() ** 2).ewm(alpha=0.06, adjust=False).mean()
ew = np.sqrt(ew.reindex(range(LENGTH)) * 252)
ew[:20] = np.nan
add("pandas", "ewmaVolatility", ew)

# Volume
add(ta, "obv", talib.OBV(c, v))
add(ta, "accumulation", talib.AD(h, l, c, v))
add(ta, "chaikinOscillator", talib.ADOSC(h, l, c, v, 3, 10))
mf = ((C - L) - (H - C)) / (H - L) * V
add("pandas", "chaikinMoneyFlow", mf.rolling(20).sum() / V.rolling(20).sum())
tp = (H + L + C) / 3
add("pandas", "vwap", (tp * V).rolling(20).sum() / V.rolling(20).sum())
month = pd.to_datetime(d["date"]) - pd.Timedelta(milliseconds=1)
month = month.dt.to_period("M")
add("pandas", "anchoredVwap", (tp * V).groupby(month).cumsum() / V.groupby(month).cumsum(), anchor="month")
add("pandas", "vwma", (C * V).rolling(20).sum() / V.rolling(20).sum())
add("TA-Lib EMA", "forceIndex", ema_after_nan(diff * V, 13))
ease = mid.diff() * (H - L) / (V / 1e8)
add("pandas", "easeOfMovement", ease.rolling(14).mean())

# Returns and prices
add("pandas", "return", C.pct_change(5), window=5)
add("pandas", "logReturn", r)
add(ta, "difference", talib.MOM(c, 10), window=10)
add(ta, "typicalPrice", talib.TYPPRICE(h, l, c))
add(ta, "medianPrice", talib.MEDPRICE(h, l))
add(ta, "weightedClose", talib.WCLPRICE(h, l, c))
add(ta, "averagePrice", talib.AVGPRICE(o, h, l, c))

# Statistics
add("pandas", "standardDeviation", C.rolling(20).std())
add("pandas", "zScore", (C - C.rolling(20).mean()) / C.rolling(20).std())
add("pandas", "skewness", C.rolling(60).apply(lambda w: pd.Series(w).skew(), raw=True))
add("pandas", "kurtosis", C.rolling(60).apply(lambda w: pd.Series(w).kurt(), raw=True))
add(ta, "maximum", talib.MAX(c, 20))
add(ta, "minimum", talib.MIN(c, 20))
add("pandas", "quantile", C.rolling(20).quantile(0.3), window=20, p=0.3)
add("pandas", "percentRank", C.rolling(60).rank(pct=True))
add("numpy", "correlation", C.rolling(30).apply(lambda w: np.corrcoef(w, V[w.index])[0, 1]), other="volume", window=30)
slope = C.rolling(30).apply(lambda w: sm.OLS(w, sm.add_constant(O[w.index])).fit().params.iloc[1])
add("statsmodels", "beta", slope, other="open", window=30)
lagged = C.shift(2)
auto = C[2:].rolling(40).apply(lambda w: np.corrcoef(w, lagged[w.index])[0, 1]).reindex(range(LENGTH))
add("numpy", "autocorrelation", auto, window=40, lag=2)

# Spectral
for name in ["haar", "db2", "db3", "db4"]:
    bands = np.full((LENGTH, 4), np.nan)
    for i in range(63, LENGTH):
        a3, d3, d2, d1 = pywt.wavedec(c[i - 63 : i + 1], name, mode="periodization", level=3)
        bands[i] = [np.sum(x**2) for x in (d1, d2, d3, a3)]
    for k, out in enumerate(["d1", "d2", "d3", "a3"]):
        add("PyWavelets", "waveletEnergy", bands[:, k], out, wavelet=name, share=False)
    if name == "db4":
        add("PyWavelets", "waveletEnergy", bands[:, 1] / bands.sum(axis=1), "d2")
edges = [0, 0.0625, 0.125, 0.25, 0.5]
f = np.arange(33) / 64
power = np.full((LENGTH, 4), np.nan)
for i in range(63, LENGTH):
    x = c[i - 63 : i + 1]
    p = np.abs(scipy.fft.rfft((x - x.mean()) * scipy.signal.windows.hann(64, sym=False))) ** 2
    power[i] = [p[(f > lo) & (f <= hi)].sum() for lo, hi in zip(edges, edges[1:])]
for k in range(4):
    add("scipy", "fourierEnergy", power[:, k], f"b{k + 1}", share=False)
add("scipy", "fourierEnergy", power[:, 1] / power.sum(axis=1), "b2")
weights = [1.0]
k = 1
while True:
    wk = -weights[-1] * (0.4 - k + 1) / k
    if abs(wk) < 1e-3:
        break
    weights.append(wk)
    k += 1
frac = np.full(LENGTH, np.nan)
frac[len(weights) - 1 :] = np.convolve(c, weights, mode="valid")
add("numpy", "fractionalDifference", frac, d=0.4, cut=1e-3)

# GARCH: arch on percent returns of rows 1..500; the filter from there on with its parameters.
pct = 100 * r.to_numpy()[1:501]
fit = arch.arch_model(pct, mean="Zero", vol="GARCH", p=1, q=1, rescale=False).fit(disp="off", tol=1e-12, options={"maxiter": 2000})
garch = {
    "parameters": {k: float(fit.params[n]) for k, n in [("omega", "omega"), ("alpha", "alpha[1]"), ("beta", "beta[1]")]},
    "logLikelihood": float(fit.loglikelihood),
    "nextVariance": float(fit.forecast(horizon=1).variance.iloc[-1, 0]),
}
versions = {m.__name__: m.__version__ for m in (np, pd, pywt, arch, talib)}
# One case a line.
print('{"from":%d,"length":%d,"versions":%s,"garch":%s,"cases":[' % (FROM, LENGTH, json.dumps(versions), json.dumps(garch)))
print(",\n".join(json.dumps(case, separators=(",", ":")) for case in cases))
print("]}")
