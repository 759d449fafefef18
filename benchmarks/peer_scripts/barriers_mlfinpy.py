"""Time mlfinpy's triple barriers: rows closes, targets, event positions, and in the last column horizon and width."""

import json
import sys
import time

import numpy as np
import pandas as pd
from mlfinpy.labeling.labeling import get_bins, get_events

handed = np.load(sys.argv[1])
(horizon, width, n_events), values = handed[:, -1], handed[:, :-1]
rows = values[2, : int(n_events)].astype(int)
index = pd.date_range("2000-01-01", periods=values.shape[1], freq="min")
close, target = pd.Series(values[0], index=index), pd.Series(values[1], index=index)
events = index[rows]
vertical = pd.Series(index[rows + int(horizon)], index=events)
seconds = []
for _ in range(int(sys.argv[2])):
    began = time.process_time()
    found = get_events(close, events, [width, width], target, 0.0, 1, vertical, verbose=False)
    get_bins(found, close)
    seconds.append(time.process_time() - began)
print(json.dumps({"mlfinpy": seconds, "ends": index.get_indexer(pd.DatetimeIndex(found["t1"])).tolist()}))
