"""Time QuantStats' ten measures and months of a curve: rows returns, the benchmark's, and stamps in microseconds."""

import json
import sys
import time
import warnings
from typing import Any

import numpy as np
import pandas as pd
from quantstats import stats

warnings.filterwarnings("ignore")
handed = np.load(sys.argv[1])
index = pd.DatetimeIndex(handed[2].astype("datetime64[us]"))
own, other = (pd.Series(row, index=index) for row in handed[:2])


def measured() -> dict[str, Any]:
    """Return what QuantStats has of our measures; it annualises by 252 bars and a 95 % confidence by itself."""
    greeks = stats.greeks(own, other)
    return {
        "compound_annual_growth_rate": stats.cagr(own),
        "annualised_volatility": stats.volatility(own),
        "sharpe_ratio": stats.sharpe(own),
        "sortino_ratio": stats.sortino(own),
        "calmar_ratio": stats.calmar(own),
        "max_drawdown": stats.max_drawdown(own),
        "value_at_risk": stats.value_at_risk(own),
        "expected_shortfall": stats.expected_shortfall(own),
        "beta": greeks["beta"],
        "alpha": greeks["alpha"],
        "months": stats.monthly_returns(own),
    }


found = measured()
seconds = []
for _ in range(int(sys.argv[2])):
    began = time.process_time()
    measured()
    seconds.append(time.process_time() - began)
values = {name: [float(value)] for name, value in found.items() if name != "months"}
print(json.dumps({"quantstats": seconds, **values}))
