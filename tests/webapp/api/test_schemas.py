import dataclasses

import pytest
from pydantic import ValidationError

from webapp.api import schemas
from webapp.services.analyses import AnalysisSummary, AnalysisView, LogEntry
from webapp.services.prices import InstrumentView
from webapp.services.tokens import TokenView


def names(view):
    return {field.name for field in dataclasses.fields(view)}


@pytest.mark.parametrize(
    ("schema", "view", "left_out", "added"),
    [
        (schemas.Instrument, InstrumentView, set(), set()),
        (schemas.AnalysisSummary, AnalysisSummary, set(), set()),
        (schemas.LogLine, LogEntry, set(), set()),
        (schemas.NewToken, TokenView, {"last_used_at"}, {"token"}),
    ],
)
def test_what_services_tell_is_told(schema, view, left_out, added):
    assert set(schema.model_fields) == names(view) - left_out | added


def test_a_detail_is_a_summary_and_more():
    told = names(AnalysisSummary) | names(AnalysisView)

    assert set(schemas.AnalysisDetail.model_fields) == told - {"summary", "worker"}


@pytest.mark.parametrize("model", [schemas.Credentials, schemas.Submission, schemas.PriceQuery, schemas.LogQuery])
def test_unknown_fields_are_refused(model):
    with pytest.raises(ValidationError, match="Extra inputs"):
        model.model_validate({"surprise": 1})


@pytest.mark.parametrize("text", ["\u0000", "a\nb", "\u007f"])
def test_control_characters_are_no_text(text):
    for model in (schemas.AnalysisQuery, schemas.InstrumentQuery):
        with pytest.raises(ValidationError, match="pattern"):
            model.model_validate({"text": text})
        assert model.model_validate({"text": "ä –"}).text == "ä –"


def test_a_password_has_a_format_that_tools_do_not_show():
    assert schemas.Credentials.model_json_schema()["properties"]["password"]["format"] == "password"
