"""Time purgedcv's purged folds: rows times and label ends in microseconds, and in the last column the embargo."""

import json
import sys
import time

import numpy as np
import pandas as pd
from purgedcv import PurgedKFold

handed = np.load(sys.argv[1])
embargo, values = int(handed[0, -1]), handed[:, :-1]
begin, end = (pd.Series(row.astype("datetime64[us]")) for row in values)
rows = np.zeros((len(begin), 1))
seconds = []
for _ in range(int(sys.argv[2])):
    began = time.process_time()
    folds = list(PurgedKFold(5, prediction_times=begin, evaluation_times=end, embargo_observations=embargo).split(rows))
    seconds.append(time.process_time() - began)
left_out = [np.setdiff1d(np.arange(len(begin)), np.concatenate(fold)).tolist() for fold in folds]
print(json.dumps({"purgedcv": seconds, "left_out": left_out}))
