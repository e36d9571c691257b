"""The 40 features of bench/cases/feature_sets.ts by pandas: `features_pandas.py SYMBOLS BARS RUNS`."""

import numpy as np
import pandas as pd

from features_common import main


def ema(s, n):
    return s.ewm(span=n, adjust=False).mean()


def wilder(s, n):
    return s.ewm(alpha=1 / n, adjust=False).mean()


def features(o, h, l, c, v):
    O, H, L, C, V = (pd.Series(x) for x in (o, h, l, c, v))
    out = []
    before = C.shift()
    logs = np.log(C)
    r = logs.diff()
    d = C.diff()
    up, down = d.clip(lower=0), -d.clip(upper=0)
    out += [C.pct_change(), r, C.pct_change(5), C.diff(10)]
    out += [C.rolling(20).mean(), C.rolling(50).mean(), ema(C, 12), ema(C, 26), wilder(C, 14)]
    out.append(np.convolve(c, np.arange(20, 0, -1) / 210, mode="valid"))
    e1 = ema(C, 20)
    e2 = ema(e1, 20)
    e3 = ema(e2, 20)
    out += [2 * e1 - e2, 3 * e1 - 3 * e2 + e3]
    au, ad = wilder(up, 14), wilder(down, 14)
    out.append(100 * au / (au + ad))
    macd = ema(C, 12) - ema(C, 26)
    signal = ema(macd, 9)
    out += [macd, signal, macd - signal]
    slow = ema(C, 26)
    out.append(100 * (ema(C, 12) - slow) / slow)
    out.append(100 * (au - ad) / (au + ad))
    out.append(100 * ema(ema(d, 25), 13) / ema(ema(d.abs(), 25), 13))
    low5, high5 = L.rolling(5).min(), H.rolling(5).max()
    k = (100 * (C - low5) / (high5 - low5)).rolling(3).mean()
    out += [k, k.rolling(3).mean()]
    high14, low14 = H.rolling(14).max(), L.rolling(14).min()
    out.append(-100 * (high14 - C) / (high14 - low14))
    typical = (H + L + C) / 3
    flow = typical * V
    change = typical.diff()
    pos = flow.where(change > 0, 0).rolling(14).sum()
    neg = flow.where(change < 0, 0).rolling(14).sum()
    out.append(100 * pos / (pos + neg))
    mid = (H + L) / 2
    out.append(mid.rolling(5).mean() - mid.rolling(34).mean())
    tr = np.maximum(H, before) - np.minimum(L, before)
    bp = C - np.minimum(L, before)
    parts = [bp.rolling(n).sum() / tr.rolling(n).sum() for n in (7, 14, 28)]
    out.append(100 * (4 * parts[0] + 2 * parts[1] + parts[2]) / 7)
    out.append((C - O) / (H - L))
    atr = wilder(tr, 14)
    out += [tr, atr, 100 * atr / C]
    mean, std = C.rolling(20).mean(), C.rolling(20).std(ddof=0)
    upper, lower = mean + 2 * std, mean - 2 * std
    out += [upper, mean, lower, (C - lower) / (upper - lower), (upper - lower) / mean]
    middle, half = ema(C, 20), 2 * wilder(tr, 10)
    out += [middle + half, middle, middle - half]
    high20, low20 = H.rolling(20).max(), L.rolling(20).min()
    out += [high20, low20, (high20 + low20) / 2, (C - low20) / (high20 - low20)]
    lines = [(H.rolling(n).max() + L.rolling(n).min()) / 2 for n in (9, 26, 52)]
    out += [lines[0], lines[1], (lines[0] + lines[1]) / 2, lines[2]]
    um, dm = H.diff(), -L.diff()
    plus = um.where((um > dm) & (um > 0), 0)
    minus = dm.where((dm > um) & (dm > 0), 0)
    pdi, mdi = 100 * wilder(plus, 14) / atr, 100 * wilder(minus, 14) / atr
    out += [wilder(100 * (pdi - mdi).abs() / (pdi + mdi), 14), pdi, mdi]
    tr14 = tr.rolling(14).sum()
    out += [(H - L.shift()).abs().rolling(14).sum() / tr14, (L - H.shift()).abs().rolling(14).sum() / tr14]
    out.append(r.rolling(20).std() * np.sqrt(252))
    hl = np.log(H / L) ** 2
    co = np.log(C / O)
    out.append(np.sqrt(hl.rolling(20).mean() / (4 * np.log(2)) * 252))
    out.append(np.sqrt((0.5 * hl - (2 * np.log(2) - 1) * co**2).rolling(20).mean() * 252))
    rs = np.log(H / C) * np.log(H / O) + np.log(L / C) * np.log(L / O)
    w = 0.34 / (1.34 + 21 / 19)
    yz = np.log(O / before).rolling(20).var() + w * co.rolling(20).var() + (1 - w) * rs.rolling(20).mean()
    out.append(np.sqrt(yz * 252))
    out.append((np.sign(d).fillna(1) * V).cumsum())
    mf = ((C - L) - (H - C)) / (H - L) * V
    v20 = V.rolling(20).sum()
    out += [mf.rolling(20).sum() / v20, flow.rolling(20).sum() / v20]
    out.append((C - mean) / C.rolling(20).std())
    return out


main(features)
