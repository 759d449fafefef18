"""Time pymlfinance's triple barriers: rows closes, targets, event positions, and at the end horizon and width."""

import json
import sys
import time

import numpy as np
from pymlfinance import TripleBarrierConfig, labeling

handed = np.load(sys.argv[1])
(horizon, width, n_events), values = handed[:, -1], handed[:, :-1]
rows = values[2, : int(n_events)].astype(int).tolist()
config = TripleBarrierConfig(upper_barrier=width, lower_barrier=width, max_holding_period=int(horizon))
close, target = values[0].copy(), values[1].copy()
seconds = []
for _ in range(int(sys.argv[2])):
    began = time.process_time()
    found = labeling.get_events(close, rows, config, target)
    seconds.append(time.process_time() - began)
print(json.dumps({"pymlfinance": seconds, "ends": [event.exit_idx for event in found]}))
