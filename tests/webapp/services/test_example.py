import pytest

from tests import factories
from webapp.errors import PermissionDenied
from webapp.services import analyses, example, price_store
from webapp.storage import FrameStore


def test_the_example_is_the_first_analysis(session, tmp_path):
    actor = factories.create_actor(session, "admin")
    price_store.load_sample(session, FrameStore(tmp_path / "frames"))

    analysis_id = example.submit_if_first(session, actor)

    view = analyses.get(session, actor, analysis_id)
    assert view.summary.title == example.TITLE
    assert view.spec == example.example_spec().resolved()


def test_there_is_no_example_once_anybody_has_asked_anything(session):
    admin, other = factories.create_actor(session, "admin"), factories.create_actor(session)
    factories.create_analysis(session, other)

    assert example.submit_if_first(session, admin) is None
    assert analyses.list_recent(session, admin).total == 0


def test_a_viewer_gets_no_example(session):
    with pytest.raises(PermissionDenied):
        example.submit_if_first(session, factories.create_actor(session, "viewer"))
