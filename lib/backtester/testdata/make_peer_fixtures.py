"""Writes peer_fixtures.json: what backtesting.py, empyrical and quantstats say on the same bars.

With --vectorbt it writes vectorbt_fixtures.json instead (vectorbt pins other versions of numba, so it
is run in an environment of its own):

    python make_peer_fixtures.py            # needs backtesting, empyrical-reloaded, quantstats, TA-Lib
    python make_peer_fixtures.py --vectorbt # needs vectorbt
"""
import json, math, sys, warnings
from pathlib import Path
import numpy as np
import pandas as pd

warnings.filterwarnings("ignore")
here = Path(__file__).parent
N = 500


def make_bars():
    rng = np.random.default_rng(20)
    drift = 0.012 * np.sin(np.arange(N) / 25)
    close = 100 * np.exp(np.cumsum(0.015 * rng.standard_normal(N) + 0.25 * drift))
    open_ = np.r_[100, close[:-1]] * np.exp(0.006 * rng.standard_normal(N))
    high = np.maximum(open_, close) * (1 + 0.008 * rng.random(N))
    low = np.minimum(open_, close) * (1 - 0.008 * rng.random(N))
    o, h, l, c = (np.round(x, 2) for x in (open_, high, low, close))
    return pd.DataFrame(
        dict(Open=o, High=np.maximum.reduce([o, h, c]), Low=np.minimum.reduce([o, l, c]), Close=c,
             Volume=rng.integers(1000, 9000, N).astype(float)),
        index=pd.bdate_range("2016-01-04", periods=N))


def clean(x):
    if isinstance(x, dict):
        return {k: clean(v) for k, v in x.items()}
    if isinstance(x, (list, tuple, np.ndarray, pd.Series, pd.Index)):
        return [clean(v) for v in list(x)]
    if isinstance(x, pd.Timedelta):
        return x / pd.Timedelta(days=1)
    if isinstance(x, (float, np.floating)):
        return float(x) if math.isfinite(x) else None
    if isinstance(x, (int, np.integer)):
        return int(x)
    return x


def rolling_mean(x, n):
    return pd.Series(x).rolling(n).mean().to_numpy()


def backtesting_py(df):
    import talib
    from backtesting import Backtest, Strategy
    from backtesting.lib import crossover

    class Cross(Strategy):
        def init(self):
            self.fast = self.I(rolling_mean, self.data.Close, 5)
            self.slow = self.I(rolling_mean, self.data.Close, 15)

    class SmaCross(Cross):
        def next(self):
            if crossover(self.fast, self.slow):
                self.buy(size=50)
            elif crossover(self.slow, self.fast):
                self.position.close()

    class Short(Cross):
        def next(self):
            if crossover(self.slow, self.fast):
                self.sell(size=50)
            elif crossover(self.fast, self.slow):
                self.position.close()

    class Bracket(Cross):
        def next(self):
            if not self.position and crossover(self.fast, self.slow):
                c = self.data.Close[-1]
                self.buy(size=50, sl=c * 0.98, tp=c * 1.04)

    class Resting(Cross):
        """Entries by limit and by stop, left alone until they fill."""

        def next(self):
            c = self.data.Close[-1]
            if not self.position and not self.orders:
                if self.fast[-1] > self.slow[-1]:
                    self.buy(size=20, limit=c * 0.985)
                else:
                    self.buy(size=20, stop=c * 1.015)
            elif self.position and len(self.data) % 20 == 0:
                self.position.close()

    class Rsi(Strategy):
        def init(self):
            self.rsi = self.I(talib.RSI, self.data.Close, 14)

        def next(self):
            if not self.position and self.rsi[-1] < 40:
                self.buy(size=50)
            elif self.position and self.rsi[-1] > 60:
                self.position.close()

    class Breakout(Strategy):
        def init(self):
            self.top = self.I(lambda x: pd.Series(x).rolling(20).max().shift(1).to_numpy(), self.data.High)
            self.bottom = self.I(lambda x: pd.Series(x).rolling(10).min().shift(1).to_numpy(), self.data.Low)

        def next(self):
            c = self.data.Close[-1]
            if not self.position and c > self.top[-1]:
                self.buy(size=50)
            elif self.position and c < self.bottom[-1]:
                self.position.close()

    class Hold(Strategy):
        def init(self):
            pass

        def next(self):
            if len(self.data) == 2:
                self.buy(size=50)

    cases = {
        "smaCross": (SmaCross, {}),
        "smaCrossSameClose": (SmaCross, dict(trade_on_close=True)),
        "short": (Short, {}),
        "bracket": (Bracket, {}),
        "resting": (Resting, {}),
        "rsi": (Rsi, {}),
        "breakout": (Breakout, {}),
        "buyAndHold": (Hold, {}),
    }
    out = {}
    for name, (strategy, kw) in cases.items():
        s = Backtest(df, strategy, cash=10_000, commission=0.002, **kw).run()
        t = s["_trades"]
        stats = {k: v for k, v in s.items() if not k.startswith("_") and k not in ("Start", "End", "Duration")}
        out[name] = dict(
            equity=s["_equity_curve"]["Equity"],
            trades=[[r.Size, r.EntryBar, r.ExitBar, r.EntryPrice, r.ExitPrice, r.PnL, r.ReturnPct]
                    for r in t.itertuples()],
            stats=stats)
    return out


def returns_libraries():
    import empyrical as ep
    import quantstats as qs
    rng = np.random.default_rng(5)
    idx = pd.bdate_range("2018-01-01", periods=400)
    b = pd.Series(np.round(0.0004 + 0.011 * rng.standard_t(5, 400), 6), index=idx)
    r = pd.Series(np.round(0.6 * b.to_numpy() + 0.0002 + 0.008 * rng.standard_t(4, 400), 6), index=idx)
    emp = dict(
        annual_return=ep.annual_return(r), cum_returns_final=ep.cum_returns_final(r),
        annual_volatility=ep.annual_volatility(r), sharpe_ratio=ep.sharpe_ratio(r),
        sharpe_rf=ep.sharpe_ratio(r, risk_free=0.0001), sortino_ratio=ep.sortino_ratio(r),
        sortino_mar=ep.sortino_ratio(r, required_return=0.0001), downside_risk=ep.downside_risk(r),
        calmar_ratio=ep.calmar_ratio(r), omega_ratio=ep.omega_ratio(r), max_drawdown=ep.max_drawdown(r),
        tail_ratio=ep.tail_ratio(r), value_at_risk=ep.value_at_risk(r),
        conditional_value_at_risk=ep.conditional_value_at_risk(r), beta=ep.beta(r, b), alpha=ep.alpha(r, b),
        alpha_rf=ep.alpha(r, b, risk_free=0.0001), excess_sharpe=ep.excess_sharpe(r, b),
        up_capture=ep.up_capture(r, b), down_capture=ep.down_capture(r, b),
        tracking_error=float((r - b).std() * np.sqrt(252)),
        roll_sharpe=ep.roll_sharpe_ratio(r, window=60).to_numpy(),
        monthly=ep.aggregate_returns(r, "monthly").to_numpy())
    s = qs.stats
    qst = dict(
        comp=s.comp(r), cagr=s.cagr(r), sharpe=s.sharpe(r), sortino=s.sortino(r), volatility=s.volatility(r),
        max_drawdown=s.max_drawdown(r), calmar=s.calmar(r), omega=s.omega(r), ulcer_index=s.ulcer_index(r),
        var=s.var(r), cvar=s.cvar(r), tail_ratio=s.tail_ratio(r), skew=s.skew(r), kurtosis=s.kurtosis(r),
        profit_factor=s.profit_factor(r), payoff_ratio=s.payoff_ratio(r), win_rate=s.win_rate(r),
        kelly=s.kelly_criterion(r), information_ratio=s.information_ratio(r, b),
        recovery_factor=s.recovery_factor(r), greeks=dict(s.greeks(r, b)),
        probabilistic_sharpe_ratio=s.probabilistic_sharpe_ratio(r))
    return dict(returns=r.to_numpy(), benchmark=b.to_numpy(),
                time=[int(t.timestamp() * 1000) for t in idx], empyrical=emp, quantstats=qst)


def wilder_rsi(close, n):
    """As TA-Lib; vectorbt's own RSI smooths by the plain or the span-weighted mean instead."""
    out, gain, loss = np.full(len(close), np.nan), 0.0, 0.0
    for t in range(1, len(close)):
        change = close[t] - close[t - 1]
        up, down = max(change, 0.0), max(-change, 0.0)
        if t <= n:
            gain, loss = gain + up, loss + down
            if t < n:
                continue
            gain, loss = gain / n, loss / n
        else:
            gain, loss = (gain * (n - 1) + up) / n, (loss * (n - 1) + down) / n
        out[t] = 100 * gain / (gain + loss)
    return pd.Series(out)


def vectorbt(df):
    import vectorbt as vbt
    vbt.settings.returns["year_freq"] = "252 days"
    c, o = df["Close"], df["Open"]
    fast, slow = c.rolling(5).mean(), c.rolling(15).mean()
    up = (fast > slow) & (fast.shift(1) < slow.shift(1))
    down = (fast < slow) & (fast.shift(1) > slow.shift(1))
    after = dict(entries=up.shift(1, fill_value=False), exits=down.shift(1, fill_value=False), price=o)
    hold = pd.Series(False, index=c.index)
    hold.iloc[1] = True
    never = pd.Series(False, index=c.index)
    later = lambda s: pd.Series(s.to_numpy(), index=c.index).shift(1, fill_value=False)
    rsi = wilder_rsi(c.to_numpy(), 14)
    top, bottom = df["High"].rolling(20).max().shift(1), df["Low"].rolling(10).min().shift(1)
    weights = pd.Series(np.nan, index=c.index)
    weights.iloc[1::20] = np.tile([0.5, 1.0, 0.25, 0.0], 100)[: len(weights.iloc[1::20])]
    base = dict(init_cash=10_000, fees=0.002, slippage=0.001, freq="D")
    runs = {
        "smaCross": vbt.Portfolio.from_signals(c, **after, **base),
        "smaCrossSameClose": vbt.Portfolio.from_signals(c, up, down, **base),
        "short": vbt.Portfolio.from_signals(c, down.shift(1, fill_value=False), up.shift(1, fill_value=False),
                                            price=o, size=50, direction="shortonly", **base),
        "both": vbt.Portfolio.from_signals(
            c, up.shift(1, fill_value=False), never, down.shift(1, fill_value=False), never, price=o, size=50, **base),
        "buyAndHold": vbt.Portfolio.from_signals(c, hold, never, price=o, **base),
        "rsi": vbt.Portfolio.from_signals(c, later(rsi < 40), later(rsi > 60), price=o, **base),
        "breakout": vbt.Portfolio.from_signals(c, later(c > top), later(c < bottom), price=o, **base),
        # Its stops work from the bar after the entry and are fractions of the price paid.
        "bracket": vbt.Portfolio.from_signals(
            c, up.shift(1, fill_value=False), never, price=o, open=o, high=df["High"], low=df["Low"], size=50,
            sl_stop=0.02, tp_stop=0.04, stop_entry_price="FillPrice", stop_exit_price="StopMarket",
            init_cash=10_000, fees=0.002, freq="D"),
        "weights": vbt.Portfolio.from_orders(c, size=weights, size_type="targetpercent", price=c, **base),
    }
    out = {}
    for name, pf in runs.items():
        orders = pf.orders.records
        trades = pf.trades.records
        out[name] = dict(
            equity=pf.value(),
            orders=[[r.idx, r.size if r.side == 0 else -r.size, r.price, r.fees] for r in orders.itertuples()],
            trades=[[int(a), int(b), float(s), float(p), float(q), int(st)] for a, b, s, p, q, st in
                    trades[["entry_idx", "exit_idx", "size", "pnl", "return", "status"]].to_numpy()],
            stats=dict(total_return=pf.total_return(), sharpe=pf.sharpe_ratio(), sortino=pf.sortino_ratio(),
                       calmar=pf.calmar_ratio(), omega=pf.omega_ratio(), max_drawdown=pf.max_drawdown(),
                       annualized_return=pf.annualized_return(),
                       annualized_volatility=pf.annualized_volatility(),
                       win_rate=pf.trades.closed.win_rate(), profit_factor=pf.trades.closed.profit_factor(),
                       expectancy=pf.trades.closed.expectancy(), sqn=pf.trades.closed.sqn(),
                       tail_ratio=pf.returns_acc.tail_ratio(), value_at_risk=pf.returns_acc.value_at_risk(),
                       cond_value_at_risk=pf.returns_acc.cond_value_at_risk()))
    return out


def rounded(x):
    """17 digits are kept only where they matter: ten decimals of equity are enough for 1e-9 relative."""
    if isinstance(x, dict):
        return {k: rounded(v) for k, v in x.items()}
    if isinstance(x, list):
        return [rounded(v) for v in x]
    return float(f"{x:.14g}") if isinstance(x, float) else x


df = make_bars()
if "--vectorbt" in sys.argv:
    name, data = "vectorbt_fixtures.json", vectorbt(df)
else:
    bars = dict(time=[int(t.timestamp() * 1000) for t in df.index],
                **{k.lower(): df[k].to_numpy() for k in df.columns})
    name, data = "peer_fixtures.json", dict(bars=bars, backtesting=backtesting_py(df), libraries=returns_libraries())
text = json.dumps(rounded(clean(data)), separators=(",", ":"))
(here / name).write_text(text + "\n")
print(name, len(text))
