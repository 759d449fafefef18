"""Time mlfinpy's dollar bars of trades: rows price, size and, in the last column, the threshold."""

import json
import sys
import time

import numpy as np
import pandas as pd
from mlfinpy.data_structure.standard_bars import get_dollar_bars

handed = np.load(sys.argv[1])
trades = pd.DataFrame(
    {
        "date_time": pd.date_range("2000-01-01", periods=handed.shape[1] - 1, freq="s"),
        "price": handed[0, :-1],
        "volume": handed[1, :-1],
    }
)
seconds = []
for _ in range(int(sys.argv[2])):
    began = time.process_time()
    bars = get_dollar_bars(trades, threshold=float(handed[0, -1]), verbose=False)
    seconds.append(time.process_time() - began)
print(json.dumps({"mlfinpy": seconds, "n_bars": [len(bars)], "volume": bars["volume"].tolist()}))
