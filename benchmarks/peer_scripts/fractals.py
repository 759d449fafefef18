"""Time the packages hurst and antropy on each window of 252, by pandas: rows returns, and the closes they lead to."""

import json
import sys
import time
import warnings

import antropy
import hurst
import numpy as np
import pandas as pd

warnings.filterwarnings("ignore")
WINDOW = 252
returns, close = (pd.Series(row) for row in np.load(sys.argv[1]))
MEASURES = {
    "hurst": lambda: returns.rolling(WINDOW).apply(
        lambda window: hurst.compute_Hc(window, kind="change", simplified=False)[0], raw=True
    ),
    "higuchi": lambda: close.rolling(WINDOW).apply(antropy.higuchi_fd, raw=True),
    "katz": lambda: close.rolling(WINDOW).apply(antropy.katz_fd, raw=True),
}
found = {}
for name, measure in MEASURES.items():
    close.iloc[:300].rolling(WINDOW).apply(antropy.higuchi_fd, raw=True)  # compiles
    seconds = []
    for _ in range(int(sys.argv[2])):
        began = time.process_time()
        values = measure()
        seconds.append(time.process_time() - began)
    found[name] = seconds
    found[f"{name} values"] = values.dropna().tolist()
print(json.dumps(found))
