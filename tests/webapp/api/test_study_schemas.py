import pytest
from pydantic import ValidationError

from webapp.api.study_schemas import HeatMapQuery, StudySubmission


def test_a_study_needs_an_axis_and_no_more_than_six():
    for n_axes in (0, 7):
        with pytest.raises(ValidationError):
            StudySubmission.model_validate({"axes": [{"path": "seed", "values": [1]}] * n_axes})


def test_a_heat_map_finds_its_axes_by_itself():
    assert HeatMapQuery().rows == HeatMapQuery().columns == ""
