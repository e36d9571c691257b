"""Prints backtesting.py's README example as JSON: its GOOG bars, equity, trades and statistics."""
import json, math, warnings

warnings.filterwarnings("ignore")
import backtesting
from backtesting import Backtest, Strategy
from backtesting.lib import crossover
from backtesting.test import GOOG, SMA

backtesting.backtesting._tqdm = lambda it, **_: it


class SmaCross(Strategy):
    def init(self):
        price = self.data.Close
        self.ma1 = self.I(SMA, price, 10)
        self.ma2 = self.I(SMA, price, 20)

    def next(self):
        if crossover(self.ma1, self.ma2):
            self.buy()
        elif crossover(self.ma2, self.ma1):
            self.sell()


out = {"version": backtesting.__version__}
out["bars"] = {k.lower(): GOOG[k].astype(float).tolist() for k in ("Open", "High", "Low", "Close", "Volume")}
out["bars"]["time"] = [int(t.timestamp() * 1000) for t in GOOG.index]
for name, cost in (("commission", dict(commission=0.002)),):
    s = Backtest(GOOG, SmaCross, cash=10_000, exclusive_orders=True, **cost).run()
    number = lambda v: None if isinstance(v, float) and not math.isfinite(v) else v
    out[name] = dict(
        equity=s["_equity_curve"]["Equity"].tolist(),
        trades=[[int(t.Size), int(t.EntryBar), int(t.ExitBar), t.EntryPrice, t.ExitPrice, t.PnL]
                for t in s["_trades"].itertuples()],
        stats={k: number(float(v)) for k, v in s.items()
               if not k.startswith("_") and isinstance(v, (int, float)) or hasattr(v, "dtype") and v.ndim == 0})
print(json.dumps(out))
