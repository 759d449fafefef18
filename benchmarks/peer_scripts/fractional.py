"""Time mlfinpy's fractional difference of fixed width: order 0.4, weights from 0.0001."""

import json
import sys
import time

import numpy as np
import pandas as pd
from mlfinpy.util.frac_diff import frac_diff_ffd

frame = pd.DataFrame({"x": np.load(sys.argv[1])})
seconds = []
for _ in range(int(sys.argv[2])):
    began = time.process_time()
    values = frac_diff_ffd(frame, 0.4, 1e-4)
    seconds.append(time.process_time() - began)
print(json.dumps({"mlfinpy": seconds, "values": values["x"].dropna().tolist()}))
