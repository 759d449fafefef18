import dataclasses

from webapp.api.result_schemas import Results
from webapp.services.results import ResultView


def test_results_are_all_but_frames():
    assert {field.name for field in dataclasses.fields(ResultView)} - {"frames", "facts"} <= set(Results.model_fields)
