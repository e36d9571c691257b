"""One case of the backtest benchmark in backtesting.py or vectorbt. Prints one JSON line.

    python backtest_peer.py backtesting.py event BARS 0 REPEATS
    python backtest_peer.py vectorbt event|sweep|rebalance A B REPEATS
"""
import json, resource, sys, time, warnings

warnings.filterwarnings("ignore")
import numpy as np
import pandas as pd

subject, case, a, b, repeats = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]), int(sys.argv[5])


def walk(n, seed, volatility, freq):
    close = 100 * np.exp(np.cumsum(volatility * np.random.default_rng(seed).standard_normal(n)))
    open_ = np.r_[100.0, close[:-1]]
    return pd.DataFrame(dict(Open=open_, High=np.maximum(open_, close), Low=np.minimum(open_, close),
                             Close=close, Volume=1000.0), index=pd.date_range("2000-01-01", periods=n, freq=freq))


def backtesting_event(bars):
    from backtesting import Backtest, Strategy
    from backtesting.lib import crossover
    import backtesting
    backtesting.backtesting._tqdm = lambda it, **_: it  # no progress bar in the measurement

    class Cross(Strategy):
        def init(self):
            mean = lambda x, n: pd.Series(x).rolling(n).mean().to_numpy()
            self.fast = self.I(mean, self.data.Close, 10)
            self.slow = self.I(mean, self.data.Close, 30)

        def next(self):
            if crossover(self.fast, self.slow):
                self.buy()
            elif crossover(self.slow, self.fast):
                self.position.close()

    bt = Backtest(walk(bars, 1, 0.001, "min"), Cross, cash=1e6, commission=0.0001)
    return lambda: int(bt.run()["# Trades"])


def vectorbt_event(bars):
    import vectorbt as vbt
    df = walk(bars, 1, 0.001, "min")

    def run():
        fast, slow = vbt.MA.run(df["Close"], 10), vbt.MA.run(df["Close"], 30)
        entries = fast.ma_crossed_above(slow).vbt.fshift(1).fillna(False).astype(bool)
        exits = fast.ma_crossed_below(slow).vbt.fshift(1).fillna(False).astype(bool)
        pf = vbt.Portfolio.from_signals(df["Close"], entries, exits, price=df["Open"], init_cash=1e6,
                                        fees=0.0001, freq="min")
        pf.total_return(), pf.sharpe_ratio(), pf.max_drawdown(), pf.trades.win_rate()
        return int(pf.trades.count())

    return run


def vectorbt_sweep(pairs, bars):
    import vectorbt as vbt
    close = walk(bars, 2, 0.015, "D")["Close"]
    side = round(pairs ** 0.5)
    fast = np.repeat(np.arange(2, 2 + side), side)
    slow = np.tile(np.arange(2 + side, 2 + 2 * side), side)

    def run():
        # run_unique computes each window once, as ours does.
        a = vbt.MA.run(close, fast, run_unique=True)
        b = vbt.MA.run(close, slow, run_unique=True)
        entries = a.ma_crossed_above(b)
        exits = a.ma_crossed_below(b)
        pf = vbt.Portfolio.from_signals(close, entries.to_numpy(), exits.to_numpy(), init_cash=10_000,
                                        fees=0.001, freq="D")
        pf.total_return(), pf.sharpe_ratio(), pf.max_drawdown(), pf.trades.win_rate()
        return len(pf.trades.count())

    return run


def vectorbt_rebalance(symbols, days):
    import vectorbt as vbt
    close = pd.DataFrame({f"S{k:04}": walk(days, 100 + k, 0.015, "D")["Close"] for k in range(symbols)})
    size = pd.DataFrame(np.nan, index=close.index, columns=close.columns)
    size.iloc[::21] = 1 / symbols

    def run():
        pf = vbt.Portfolio.from_orders(close, size, size_type="targetpercent", group_by=True, cash_sharing=True,
                                       call_seq="auto", init_cash=1e6, fees=0.001, freq="D")
        pf.total_return(), pf.sharpe_ratio(), pf.max_drawdown()
        return int(pf.orders.count())

    return run


run = {
    ("backtesting.py", "event"): lambda: backtesting_event(a),
    ("vectorbt", "event"): lambda: vectorbt_event(a),
    ("vectorbt", "sweep"): lambda: vectorbt_sweep(a, b),
    ("vectorbt", "rebalance"): lambda: vectorbt_rebalance(a, b),
}[subject, case]()
if subject == "vectorbt":
    run()  # its functions are compiled on the first call
runs = []
for _ in range(repeats):
    start = time.perf_counter()
    check = run()
    runs.append(1000 * (time.perf_counter() - start))
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print(json.dumps(dict(runs=runs, peakMiB=peak, check=check)))
