"""What every metric means: the words beside the numbers, in pages, exports and docs."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

Unit = Literal["fraction", "ratio", "days", "count", "money"]
Better = Literal["higher", "lower", "none"]
Group = Literal["return", "risk", "benchmark", "trading"]


@dataclass(frozen=True)
class Definition:
    """The meaning of one metric.

    Attributes
    ----------
    name : str
        Key of the metric, as `measure` returns it.
    title : str
        What a person calls it.
    unit : {"fraction", "ratio", "days", "count", "money"}
        Fractions are shown as per cent, ratios with two decimals, money in the account's currency.
    group : {"return", "risk", "benchmark", "trading"}
        The heading it is listed under.
    better : {"higher", "lower", "none"}
        Which direction is good, if one is.
    definition : str
        One sentence.
    formula : str
        In plain text; r are simple returns per bar, q the periods a year, n their number.
    source : str
        Author, year.
    """

    name: str
    title: str
    unit: Unit
    group: Group
    better: Better
    definition: str
    formula: str
    source: str


_GIPS = "CFA Institute, Global Investment Performance Standards"
_SHARPE = "Sharpe 1994, Journal of Portfolio Management 21(1)"
_OURS = "Assay"

_DEFINITIONS = (
    Definition(
        "total_return", "Total return", "fraction", "return", "higher",
        "What was gained from the initial capital to the last close, all costs paid.",
        "last equity / initial capital - 1",
        _GIPS,
    ),
    Definition(
        "compound_annual_growth_rate", "CAGR", "fraction", "return", "higher",
        "The constant growth a year that leads from the initial capital to the last equity.",
        "(last equity / initial capital) ^ (q / n) - 1",
        _GIPS,
    ),
    Definition(
        "final_equity", "Final equity", "money", "return", "higher",
        "Cash and the value of all positions at the last close.",
        "cash + sum of shares * last close",
        _OURS,
    ),
    Definition(
        "sharpe_ratio", "Sharpe ratio", "ratio", "return", "higher",
        "Mean return above the risk-free rate for each unit of volatility, a year.",
        "mean(r - f) / sd(r - f) * sqrt(q), with f = (1 + risk-free rate) ^ (1 / q) - 1 and the sample sd",
        _SHARPE,
    ),
    Definition(
        "sortino_ratio", "Sortino ratio", "ratio", "return", "higher",
        "Mean return above the risk-free rate for each unit of downside deviation, a year.",
        "mean(r - f) / sqrt(mean(min(r - f, 0) ^ 2)) * sqrt(q), the mean over all bars",
        "Rollinger and Hoffman 2013",
    ),
    Definition(
        "omega_ratio", "Omega ratio", "ratio", "return", "higher",
        "What bars gained above the risk-free rate for each unit that others missed below it.",
        "sum(max(r - f, 0)) / sum(max(f - r, 0)); above 1 if and only if mean(r) > f",
        "Keating and Shadwick 2002, Journal of Performance Measurement 6(3)",
    ),
    Definition(
        "calmar_ratio", "Calmar ratio", "ratio", "return", "higher",
        "Growth a year for each unit of the deepest drawdown, over the whole curve.",
        "CAGR / -maximum drawdown",
        "Young 1991, Futures 20(1)",
    ),
    Definition(
        "best_bar", "Best bar", "fraction", "return", "none",
        "The greatest return of one bar.",
        "max(r)",
        _OURS,
    ),
    Definition(
        "worst_bar", "Worst bar", "fraction", "return", "higher",
        "The smallest return of one bar.",
        "min(r)",
        _OURS,
    ),
    Definition(
        "winning_bars", "Winning bars", "fraction", "return", "higher",
        "Share of bars with a return above zero; bars without a position count as not winning.",
        "count(r > 0) / n",
        _OURS,
    ),
    Definition(
        "annualised_volatility", "Volatility", "fraction", "risk", "lower",
        "How much returns vary, scaled to a year as if they were independent of each other.",
        "sd(r) * sqrt(q), with the sample sd",
        "Lo 2002, Financial Analysts Journal 58(4), on when the root holds",
    ),
    Definition(
        "max_drawdown", "Maximum drawdown", "fraction", "risk", "higher",
        "The deepest fall of the equity curve below its highest value so far, the initial capital included.",
        "min(equity / running maximum of equity - 1)",
        _OURS,
    ),
    Definition(
        "ulcer_index", "Ulcer index", "fraction", "risk", "lower",
        "How deep and how long the curve was below its peaks: the root mean square of its drawdowns.",
        "sqrt(mean((equity / running maximum of equity - 1) ^ 2)), over the closes after the initial capital",
        "Martin and McCann 1989, The Investor's Guide to Fidelity Funds",
    ),
    Definition(
        "longest_drawdown_bars", "Longest drawdown, bars", "count", "risk", "lower",
        "The most bars from a peak of the equity curve until it was reached again, or until the last bar.",
        "max(bar of recovery or last bar - bar of peak)",
        _OURS,
    ),
    Definition(
        "longest_drawdown_days", "Longest drawdown, days", "days", "risk", "lower",
        "The most calendar days from a peak of the equity curve until it was reached again, or until the last bar.",
        "max(day of recovery or last day - day of peak)",
        _OURS,
    ),
    Definition(
        "value_at_risk", "Value at risk", "fraction", "risk", "lower",
        "The loss of one bar that is not exceeded with the chosen confidence, from history, as a positive number.",
        "smallest observed loss l with count(-r <= l) / n >= confidence",
        "Rockafellar and Uryasev 2002, Journal of Banking & Finance 26",
    ),
    Definition(
        "expected_shortfall", "Expected shortfall", "fraction", "risk", "lower",
        "The mean loss in the worst bars, as many as the chosen confidence leaves, as a positive number.",
        "mean of the worst (1 - confidence) * n losses, the last one counted by the fraction that is left",
        "Acerbi and Tasche 2002, Journal of Banking & Finance 26",
    ),
    Definition(
        "normal_value_at_risk", "Value at risk, normal", "fraction", "risk", "lower",
        "The loss of one bar that a normal distribution of the same mean and deviation does not exceed, at the chosen "
        "confidence.",
        "-(mean(r) + z * sd(r)), with z the normal quantile of 1 - confidence and the sample sd",
        "J.P. Morgan and Reuters 1996, RiskMetrics Technical Document",
    ),
    Definition(
        "normal_expected_shortfall", "Expected shortfall, normal", "fraction", "risk", "lower",
        "The mean loss in the worst bars of a normal distribution with the same mean and deviation.",
        "-mean(r) + sd(r) * density(z) / (1 - confidence), with the sample sd",
        "McNeil, Frey and Embrechts 2005, Quantitative Risk Management, example 2.18",
    ),
    Definition(
        "cornish_fisher_value_at_risk", "Value at risk, Cornish-Fisher", "fraction", "risk", "lower",
        "The normal value at risk bent to the skewness and kurtosis of the returns; unknown where that would make a "
        "rarer loss smaller.",
        "-(mean(r) + w * sd(r)), w = z + (z^2 - 1) s / 6 + (z^3 - 3 z) k / 24 - (2 z^3 - 5 z) s^2 / 36, with skewness "
        "s and kurtosis k less 3",
        "Cornish and Fisher 1938; Maillard 2012, A User's Guide to the Cornish Fisher Expansion",
    ),
    Definition(
        "ewma_value_at_risk", "Value at risk, next bar", "fraction", "risk", "lower",
        "The loss of the next bar by a normal distribution whose volatility is mostly that of the latest bars.",
        "-z * sqrt(sum(w * r^2) / sum(w)), w = 0.94 ^ age in bars",
        "J.P. Morgan and Reuters 1996, RiskMetrics Technical Document",
    ),
    Definition(
        "tail_ratio", "Tail ratio", "ratio", "risk", "higher",
        "How large a rare gain is against a loss that is as rare, at the chosen confidence.",
        "|value at risk of -r| / |value at risk of r|",
        "empyrical; quantiles by the inverse of the distribution here",
    ),
    Definition(
        "skewness", "Skewness", "ratio", "risk", "higher",
        "Whether the far returns are gains (above 0) or losses (below 0).",
        "mean((r - mean) ^ 3) / sd ^ 3, of the population",
        "Pearson 1895",
    ),
    Definition(
        "raw_kurtosis", "Kurtosis", "ratio", "risk", "lower",
        "How heavy the tails are: 3 for a normal distribution, more when extreme bars are more frequent.",
        "mean((r - mean) ^ 4) / sd ^ 4, of the population; not reduced by 3",
        "Pearson 1905",
    ),
    Definition(
        "beta", "Beta", "ratio", "benchmark", "none",
        "By how much the curve moves when the benchmark moves by one.",
        "cov(r, b) / var(b), b the returns of the benchmark at the same timestamps",
        "Sharpe 1964, Journal of Finance 19(3)",
    ),
    Definition(
        "alpha", "Alpha", "fraction", "benchmark", "higher",
        "Return a year beyond what beta explains, arithmetic and not compounded.",
        "(mean(r - f) - beta * mean(b - f)) * q",
        "Jensen 1968, Journal of Finance 23(2)",
    ),
    Definition(
        "correlation", "Correlation", "ratio", "benchmark", "none",
        "How closely the returns follow those of the benchmark, from -1 to 1.",
        "cov(r, b) / (sd(r) * sd(b))",
        "Pearson 1895",
    ),
    Definition(
        "tracking_error", "Tracking error", "fraction", "benchmark", "none",
        "How much the difference to the benchmark varies, a year.",
        "sd(r - b) * sqrt(q), with the sample sd",
        "Grinold and Kahn 2000, Active Portfolio Management",
    ),
    Definition(
        "information_ratio", "Information ratio", "ratio", "benchmark", "higher",
        "Mean return above the benchmark for each unit of tracking error, a year.",
        "mean(r - b) / sd(r - b) * sqrt(q)",
        "Grinold and Kahn 2000, Active Portfolio Management",
    ),
    Definition(
        "up_capture", "Up capture", "ratio", "benchmark", "higher",
        "How much of the benchmark's gain was earned in bars in which it rose.",
        "mean(r where b > 0) / mean(b where b > 0)",
        "Morningstar, Upside and Downside Capture Ratio; arithmetic means here",
    ),
    Definition(
        "down_capture", "Down capture", "ratio", "benchmark", "lower",
        "How much of the benchmark's loss was suffered in bars in which it fell.",
        "mean(r where b < 0) / mean(b where b < 0)",
        "Morningstar, Upside and Downside Capture Ratio; arithmetic means here",
    ),
    Definition(
        "time_in_market", "Time in market", "fraction", "trading", "none",
        "Share of closes at which any position was held.",
        "count(gross exposure > 0) / n",
        _OURS,
    ),
    Definition(
        "average_exposure", "Average exposure", "fraction", "trading", "none",
        "Mean gross exposure: the value of all positions, shorts counted as positive, as a share of equity.",
        "mean(sum of |position value| / equity)",
        _OURS,
    ),
    Definition(
        "annualised_turnover", "Turnover a year", "ratio", "trading", "lower",
        "How many times a year the account's worth was traded, one-way: a purchase and the sale that paid for it "
        "count once.",
        "mean((bought + sold) / equity before) / 2 * q",
        _OURS,
    ),
    Definition(
        "total_costs", "Costs", "money", "trading", "lower",
        "Commissions, slippage (spread and impact included) and borrow fees paid in all; not interest.",
        "sum of commissions, of shares * |fill price - open| and of borrow fees",
        _OURS,
    ),
    Definition(
        "n_trades", "Trades", "count", "trading", "none",
        "Round trips, one that is still open included.",
        "count of times a position left zero or changed side",
        _OURS,
    ),
    Definition(
        "hit_rate", "Hit rate", "fraction", "trading", "higher",
        "Share of closed trades that made money after all costs.",
        "count(profit > 0) / count of closed trades",
        _OURS,
    ),
    Definition(
        "profit_factor", "Profit factor", "ratio", "trading", "higher",
        "What the winning trades made for each unit that the losing ones lost, after all costs.",
        "sum of profits / sum of losses, of closed trades",
        _OURS,
    ),
    Definition(
        "average_trade_return", "Average trade", "fraction", "trading", "higher",
        "Mean return of closed trades on the money that went into them, after all costs.",
        "mean(profit / entry value)",
        _OURS,
    ),
    Definition(
        "average_bars_held", "Bars held", "count", "trading", "none",
        "Mean number of closes at which a closed trade was held.",
        "mean(bars held)",
        _OURS,
    ),
)  # fmt: skip

DEFINITIONS: Mapping[str, Definition] = MappingProxyType({entry.name: entry for entry in _DEFINITIONS})
