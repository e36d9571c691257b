"""40 of TA-Lib's functions, as in bench/cases/feature_sets.ts: `features_talib.py SYMBOLS BARS RUNS`."""

import talib as ta

from features_common import main


def each(o, h, l, c, v):
    """The functions by the name of our step; where a step gives more columns, all of those functions."""
    return {
        "sma 20": lambda: ta.SMA(c, 20),
        "ema 20": lambda: ta.EMA(c, 20),
        "wma 20": lambda: ta.WMA(c, 20),
        "dema 20": lambda: ta.DEMA(c, 20),
        "tema 20": lambda: ta.TEMA(c, 20),
        "trima 20": lambda: ta.TRIMA(c, 20),
        "kama 10": lambda: ta.KAMA(c, 10),
        "t3 5": lambda: ta.T3(c, 5),
        "rsi": lambda: ta.RSI(c, 14),
        "macd": lambda: ta.MACD(c),
        "cmo": lambda: ta.CMO(c, 14),
        "apo": lambda: ta.APO(c, 12, 26, 1),
        "ppo": lambda: ta.PPO(c, 12, 26, 1),
        "trix": lambda: ta.TRIX(c, 15),
        "stochastic": lambda: ta.STOCH(h, l, c),
        "williamsR": lambda: ta.WILLR(h, l, c, 14),
        "cci": lambda: ta.CCI(h, l, c, 14),
        "mfi": lambda: ta.MFI(h, l, c, v, 14),
        "ultimateOscillator": lambda: ta.ULTOSC(h, l, c),
        "balanceOfPower": lambda: ta.BOP(o, h, l, c),
        "adx": lambda: (ta.ADX(h, l, c, 14), ta.PLUS_DI(h, l, c, 14), ta.MINUS_DI(h, l, c, 14)),
        "aroon": lambda: (*ta.AROON(h, l, 14), ta.AROONOSC(h, l, 14)),
        "parabolicSar": lambda: ta.SAR(h, l),
        "linearRegression": lambda: (ta.LINEARREG(c, 14), ta.LINEARREG_SLOPE(c, 14)),
        "bollinger": lambda: ta.BBANDS(c, 20),
        "trueRange": lambda: ta.TRANGE(h, l, c),
        "atr": lambda: ta.ATR(h, l, c, 14),
        "natr": lambda: ta.NATR(h, l, c, 14),
        "obv": lambda: ta.OBV(c, v),
        "accumulation": lambda: ta.AD(h, l, c, v),
        "chaikinOscillator": lambda: ta.ADOSC(h, l, c, v),
        "difference 10": lambda: ta.MOM(c, 10),
        "typicalPrice": lambda: ta.TYPPRICE(h, l, c),
        "medianPrice": lambda: ta.MEDPRICE(h, l),
        "weightedClose": lambda: ta.WCLPRICE(h, l, c),
        "averagePrice": lambda: ta.AVGPRICE(o, h, l, c),
        "maximum 20": lambda: ta.MAX(c, 20),
        "minimum 20": lambda: ta.MIN(c, 20),
        "standardDeviation 20": lambda: ta.STDDEV(c, 20),
        "correlation 30": lambda: ta.CORREL(c, o, 30),
    }


def features(*columns):
    out = []
    for f in each(*columns).values():
        value = f()
        out.extend(value if isinstance(value, tuple) else [value])
    return out


main(features, each)
