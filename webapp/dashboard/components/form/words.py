"""What the form calls the parts of the question: names, units, choices and sections."""

_LABELS = {
    "rebalance_bars": "Divide again after",
    "annualised_volatility": "Target volatility",
    "against": "Against",
    "balanced": "Balance the classes",
    "bars": "Kind of bars",
    "borrow_annual": "Borrowing fee a year",
    "bound": "Expected days stay within",
    "boundary_x": "Feature across the boundary",
    "boundary_y": "Feature up the boundary",
    "by": "What a sample weighs",
    "cash_annual": "Interest on cash a year",
    "c": "C, inverse penalty",
    "confidence": "Confidence",
    "column_share": "Share of features",
    "clusters": "Groups of similar features",
    "shap": "What features add (SHAP)",
    "axes": "Varied numbers",
    "choose_by": "Best in",
    "single_feature": "Each feature alone",
    "debt_annual": "Interest on debt a year",
    "decay": "Decay with age",
    "embargo_bars": "Embargo",
    "enabled": "Switched on",
    "end": "Last session",
    "expanding": "Expanding training window",
    "impact_bps": "Impact of a whole bar",
    "impact_shape": "Impact grows with",
    "importance": "Feature importance",
    "intrabar": "Touched first in a bar",
    "l1_share": "Share that drops features",
    "l2": "L2 penalty",
    "least_t": "Least t-value",
    "least_variance": "Least variance",
    "at": "Bars that count",
    "level": "Level",
    "limit_distance": "Limit beyond the stop",
    "max_features": "Features at a cut",
    "maintenance": "Maintenance margin",
    "max_fraction": "Greatest share of equity",
    "max_gap_sessions": "Longest gap",
    "max_leverage": "Greatest leverage",
    "max_volume_share": "Greatest share of a bar",
    "min_samples_leaf": "Fewest bars in a leaf",
    "n_cuts": "Cuts",
    "n_days": "Days of a bar",
    "of": "Made of",
    "n_kept": "Features to keep",
    "n_folds": "Purged folds",
    "nested": "Choose for each fold",
    "n_rounds": "Rounds",
    "n_trees": "Trees",
    "n_trials": "Trials",
    "fraction": "Share of equity",
    "part": "Part of the Kelly fraction",
    "path_groups": "Groups of paths",
    "n_chance_runs": "Chance runs",
    "chance_order": "Order of outcomes in them",
    "path_test_groups": "Groups left out",
    "path": "What touches a barrier",
    "preparation": "Steps",
    "risk_free_annual": "Risk-free rate a year",
    "rolling_window": "Rolling window",
    "rule": "Rule that takes the side",
    "gap": "Latest bars left out",
    "n_long": "Held",
    "n_short": "Sold short",
    "lower": "Oversold",
    "upper": "Overbought",
    "start": "First session",
    "stop_loss": "Stop-loss",
    "stop_width": "Distance of the lower barrier",
    "subsample": "Share of bars",
    "take_profit": "Take-profit",
    "test_bars": "Test window",
    "time_budget_seconds": "Time budget",
    "train_bars": "Training window",
    "unfilled": "What a bar does not fill",
    "width": "Width",
}

_UNITS = {
    "rebalance_bars": "bars",
    "horizon": "bars",
    "shortest": "bars",
    "longest": "bars",
    "window": "bars",
    "gap": "bars",
    "volatility_window": "bars",
    "fast": "bars",
    "slow": "bars",
    "signal": "bars",
    "enter_return": "fraction",
    "exit_return": "fraction",
    "short_return": "fraction",
    "cover_return": "fraction",
    "rolling_window": "bars",
    "max_gap_sessions": "sessions",
    "min_samples_leaf": "bars",
    "initial_cash": "money",
    "commission_per_share": "money",
    "commission_minimum": "money",
    "annualised_volatility": "fraction",
    "borrow_annual": "fraction",
    "cash_annual": "fraction",
    "debt_annual": "fraction",
    "max_volume_share": "of volume",
    "risk_free_annual": "fraction",
    "fraction": "of equity",
    "max_fraction": "of equity",
    "rebalance_threshold": "of equity",
    "distance": "fraction",
    "limit_distance": "fraction",
    "maintenance": "of exposure",
    "max_leverage": "× equity",
    "stop_loss": "fraction",
    "take_profit": "fraction",
    "trailing_stop": "fraction",
}
_UNIT_ENDINGS = {"_bars": "bars", "_bps": "bps", "_seconds": "s"}

_CHOICES = {
    "roc_auc": "Area under the ROC curve",
    "log_loss": "Log loss",
    "brier": "Brier score",
    "accuracy": "Accuracy",
    "r2": "R² out of sample (returns)",
    "information_coefficient": "Information coefficient (returns)",
    "rank_ic": "Rank IC (returns)",
    "mean_error": "Mean absolute error (returns)",
    "hit_rate": "Hit rate (returns)",
    "pinball_loss": "Pinball loss (quantiles of returns)",
    "cpu": "Processor",
    "gpu": "Graphics card",
    "long_flat": "Long or in cash",
    "long_short": "Long or short",
    "sample": "Packaged sample",
    "upload": "My uploads",
    "yahoo": "Yahoo Finance",
    "none": "None",
    "sigmoid": "Smooth (sigmoid)",
    "isotonic": "Steps (isotonic)",
    "z_score": "z-score",
    "three_way": "Three: up, neither, down",
    "two_way": "Two: up or not",
    "stop_first": "The stop",
    "target_first": "The take-profit",
    "square_root": "Root of the volume share",
    "linear": "The volume share",
    "waits": "Waits for the next bar",
    "dropped": "Is dropped",
    "market": "At the market, next open",
    "limit": "Limit order",
    "stop": "Stop order",
    "stop_limit": "Stop-limit order",
    "one": "1 %",
    "five": "5 %",
    "ten": "10 %",
    "all": "All bars",
    "cusum": "Events of a CUSUM filter",
    "trailing_return": "Sign of the trailing return",
    "crossover": "Crossover of two averages",
    "strategy": "Rule of the strategy",
    "sharpe_ratio": "Sharpe ratio",
    "total_return": "Total return",
    "simple": "Simple",
    "exponential": "Exponential",
    "range": "Highs and lows",
    "close": "Closes",
    "equal": "All the same",
    "uniqueness": "Its uniqueness",
    "expanding": "All bars before",
    "ewma": "Rather the latest bars",
    "dollars": "Value traded",
    "volume": "Shares",
    "ticks": "Days",
    "attribution": "The return that is its own",
}

# Parts of a section that stand folded under a title of their own while nobody has changed them.
FOLDS = {
    "backtest.entry": "Orders that open a position",
    "backtest.liquidity": "Spread, impact and volume",
    "backtest.interest": "Interest on cash and debt",
    "backtest.margin": "Leverage and margin",
    "backtest.exits": "Protective orders",
}

_SECTIONS = {
    "instruments": "Instruments",
    "bars": "Bars",
    "intervals": "Prediction intervals",
    "label": "Label: what is predicted",
    "preparation": "Preparation in each fold",
    "events": "Bars that are learned from",
    "weights": "Weights of samples",
    "allocation": "Division of the book",
    "backtest": "Backtest and costs",
    "sweep": "Sweep: many combinations of a rule",
    "explanation": "Explaining the model",
    "audit": "Look-ahead audit",
    "calibration": "Calibration of probabilities",
    "finish": "Report and repeatability",
}
INTRODUCTIONS = {
    "instruments": "What is traded, and over which sessions. Empty dates: all there are.",
    "finish": "What else is measured, and where random numbers start.",
}


def section_title(name: str) -> str:
    """Return what a section is called, by the name of its part of the question."""
    return _SECTIONS.get(name, humanised(name))


def humanised(name: str) -> str:
    """Return a field's name as words."""
    words = name.removeprefix("n_").replace("_", " ").replace(" bps", "").strip()
    return words[:1].upper() + words[1:]


def label_of(name: str) -> str:
    """Return what a field is called, by its own name."""
    return _LABELS.get(name, humanised(name))


def measured(name: str) -> str:
    """Return what a field is called and, where it is counted or measured, in what."""
    unit = unit_of(name)
    return f"{label_of(name)}, {unit}" if unit in {"bars", "sessions", "bps", "s"} else label_of(name)


def choice_of(value: str) -> str:
    """Return what one of several values is called."""
    return _CHOICES.get(value, humanised(value))


def unit_of(name: str) -> str:
    """Return what a field is counted or measured in, or nothing."""
    if name in _UNITS:
        return _UNITS[name]
    return next((unit for ending, unit in _UNIT_ENDINGS.items() if name.endswith(ending)), "")
