"""Templates: kept by their owner, started from by whom they are shared with, changed by nobody else."""

import pytest

from quant.spec import AnalysisSpec
from tests import factories
from webapp.errors import Conflict, InvalidInput, NotFound, PermissionDenied, QuotaExceeded
from webapp.services import templates
from webapp.tables import AuditEvent

QUESTION = {
    "instruments": [{"symbol": "GOOG"}],
    "start": "2005-01-03",
    "models": [{"name": "ridge"}],
    "label": {"name": "forward_return_size", "horizon": 7},
    "validation": {"score": "r2", "target": 0.1},
}


@pytest.fixture
def actor(session):
    return factories.create_actor(session)


def keep(session, actor, **changes):
    given = {"name": "Mine", "description": "For returns", "spec": QUESTION, "is_shared": False} | changes
    return templates.create_template(session, actor, **given)


def test_a_question_is_kept_whole_without_instruments_and_dates(session, actor):
    view = keep(session, actor, name="  My   own ")
    assert (view.name, view.owner, view.is_own, view.is_shared) == ("My own", actor.name, True, False)
    expected = AnalysisSpec.model_validate(QUESTION).resolved()
    assert view.spec == {part: value for part, value in expected.items() if part not in templates.KEPT}
    assert templates.list_templates(session, actor) == [view]


def test_what_is_not_shared_does_not_exist_for_others(session, actor):
    view = keep(session, actor)
    for other in (factories.create_actor(session), factories.create_actor(session, "admin")):
        assert templates.list_templates(session, other) == []
        with pytest.raises(NotFound):
            templates.get_template(session, other, view.id)


def test_what_is_shared_can_be_started_from_and_not_changed(session, actor):
    view = keep(session, actor, is_shared=True)
    other = factories.create_actor(session)
    own = keep(session, other, name="Zebra")
    assert [each.id for each in templates.list_templates(session, other)] == [own.id, view.id]
    seen = templates.get_template(session, other, view.id)
    assert (seen.is_own, seen.spec) == (False, view.spec)
    with pytest.raises(NotFound):
        templates.update_template(session, other, view.id, name="Theirs", description="", spec=QUESTION, is_shared=True)
    with pytest.raises(NotFound):
        templates.delete_template(session, other, view.id)


def test_it_is_updated_and_deleted_by_its_owner_and_the_trail_says_so(session, actor):
    view = keep(session, actor)
    changed = templates.update_template(
        session, actor, view.id, name="mine", description="", spec={**QUESTION, "seed": 5}, is_shared=True
    )
    assert (changed.id, changed.name, changed.spec["seed"], changed.is_shared) == (view.id, "mine", 5, True)
    templates.delete_template(session, actor, view.id)
    assert templates.list_templates(session, actor) == []
    actions = [event.action for event in session.query(AuditEvent).filter_by(subject=view.id)]
    assert actions == ["template.created", "template.updated", "template.deleted"]


def test_a_name_is_taken_in_any_case(session, actor):
    keep(session, actor)
    other = keep(session, actor, name="Other")
    with pytest.raises(Conflict, match="MINE already"):
        keep(session, actor, name="MINE")
    with pytest.raises(Conflict):
        templates.update_template(session, actor, other.id, name="Mine", description="", spec=QUESTION, is_shared=False)
    assert {each.name for each in templates.list_templates(session, actor)} == {"Mine", "Other"}
    keep(session, factories.create_actor(session))  # another person's names are theirs


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"name": " "}, "name"),
        ({"name": "x" * 81}, "name"),
        ({"name": "a\x00b"}, "name"),
        ({"description": "x" * 201}, "description"),
        ({"spec": {"seed": -1}}, "seed"),
        ({"spec": {"colour": "red"}}, "colour"),
    ],
)
def test_what_does_not_fit_is_refused_by_its_field(session, actor, wrong, field):
    with pytest.raises(InvalidInput) as refused:
        keep(session, actor, **wrong)
    assert list(refused.value.fields) == [field]


def test_a_viewer_may_start_from_templates_and_keep_none(session, actor):
    keep(session, actor, is_shared=True)
    viewer = factories.create_actor(session, "viewer")
    assert len(templates.list_templates(session, viewer)) == 1
    with pytest.raises(PermissionDenied):
        keep(session, viewer)


def test_there_is_an_end_to_them(session, actor, monkeypatch):
    monkeypatch.setattr(templates, "MOST_TEMPLATES", 1)
    keep(session, actor)
    with pytest.raises(QuotaExceeded, match="at most 1"):
        keep(session, actor, name="Second")
