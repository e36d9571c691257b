"""40 of TA-Lib's functions, as in bench/features.ts: `features_talib.py SYMBOLS BARS RUNS`."""

import talib as ta

from features_common import main


def features(o, h, l, c, v):
    return [
        ta.SMA(c, 20), ta.EMA(c, 20), ta.WMA(c, 20), ta.DEMA(c, 20), ta.TEMA(c, 20), ta.TRIMA(c, 20),
        ta.KAMA(c, 10), ta.T3(c, 5), ta.RSI(c, 14), *ta.MACD(c), ta.CMO(c, 14), ta.APO(c, 12, 26, 1),
        ta.PPO(c, 12, 26, 1), ta.TRIX(c, 15), *ta.STOCH(h, l, c), ta.WILLR(h, l, c, 14), ta.CCI(h, l, c, 14),
        ta.MFI(h, l, c, v, 14), ta.ULTOSC(h, l, c), ta.BOP(o, h, l, c), ta.ADX(h, l, c, 14),
        ta.PLUS_DI(h, l, c, 14), ta.MINUS_DI(h, l, c, 14), *ta.AROON(h, l, 14), ta.AROONOSC(h, l, 14), ta.SAR(h, l),
        ta.LINEARREG(c, 14), ta.LINEARREG_SLOPE(c, 14), *ta.BBANDS(c, 20), ta.TRANGE(h, l, c), ta.ATR(h, l, c, 14),
        ta.NATR(h, l, c, 14), ta.OBV(c, v), ta.AD(h, l, c, v), ta.ADOSC(h, l, c, v), ta.MOM(c, 10), ta.TYPPRICE(h, l, c),
        ta.MEDPRICE(h, l), ta.WCLPRICE(h, l, c), ta.AVGPRICE(o, h, l, c), ta.MAX(c, 20), ta.MIN(c, 20), ta.STDDEV(c, 20),
        ta.CORREL(c, o, 30),
    ]


main(features)
