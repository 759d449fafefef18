import dataclasses

from webapp.api.result_schemas import Results
from webapp.services.results import ResultView


def test_results_are_all_but_frames():
    beside = {"frames", "facts", "has_model"}  # whether there is a model, its own address says
    assert {field.name for field in dataclasses.fields(ResultView)} - beside <= set(Results.model_fields)
