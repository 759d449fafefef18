import dataclasses

import pytest

from webapp.api import acquisition_schemas
from webapp.services.acquisitions import AcquisitionView
from webapp.services.price_sources import SourceView


@pytest.mark.parametrize(
    ("model", "view"),
    [(acquisition_schemas.Acquisition, AcquisitionView), (acquisition_schemas.Source, SourceView)],
    ids=lambda each: each.__name__,
)
def test_what_is_answered_is_what_the_service_tells(model, view):
    assert set(model.model_fields) == {field.name for field in dataclasses.fields(view)}
