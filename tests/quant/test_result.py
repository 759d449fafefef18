import dataclasses

import pandas as pd

from quant.result import AnalysisResult

RESULT = AnalysisResult(
    frames={"equity": pd.DataFrame({"equity": [1.0, 1.1]})},
    facts={"seed": 1},
    stage_keys={"features": "a"},
    versions={"numpy": "1"},
)


def test_the_hash_is_of_frames_and_facts():
    assert RESULT.hash() != dataclasses.replace(RESULT, facts={"seed": 2}).hash()
    frames = {"equity": pd.DataFrame({"equity": [1.0, 1.1 + 1e-15]})}
    assert RESULT.hash() != dataclasses.replace(RESULT, frames=frames).hash()


def test_the_hash_is_not_of_where_and_by_what_it_was_computed():
    assert RESULT.hash() == dataclasses.replace(RESULT, stage_keys={}, versions={}).hash()
