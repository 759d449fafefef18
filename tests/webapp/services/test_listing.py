import datetime

import pytest

from quant.spec import AnalysisSpec
from tests import factories
from webapp.db import database_now
from webapp.errors import InvalidInput, NotFound, PermissionDenied
from webapp.services import analyses, listing, shares
from webapp.services.listing import Archived, Filters, Scope, Sort
from webapp.services.workflow import Status
from webapp.tables import Analysis, Artifact, AuditEvent, Trial


@pytest.fixture
def actor(session):
    return factories.create_actor(session)


def add(session, owner, **values):
    number = session.query(Analysis).count()
    at = factories.NOW + datetime.timedelta(minutes=number)
    return factories.create_analysis(session, owner, **{"submitted_at": at, **values}).public_id


def titles(session, actor, sort=Sort.NEWEST, **filters):
    return [item.title for item in listing.search(session, actor, Filters(**filters), sort=sort).items]


def test_one_finds_ones_own_by_title_symbol_and_model(session, actor):
    factories.create_series(session, factories.create_security(session, symbol="GOOG"), revision=1)
    spec = AnalysisSpec.model_validate({"instruments": [{"symbol": "GOOG"}], "models": [{"name": "random_forest"}]})
    analyses.submit(session, actor, spec, title="Trees at work")
    add(session, actor, title="100% sure", keywords="100% sure aapl logistic")
    add(session, factories.create_actor(session), title="Another's trees")

    assert titles(session, actor, text="TREES") == ["Trees at work"]
    assert titles(session, actor, text="goog") == ["Trees at work"]
    assert titles(session, actor, text="random_f") == ["Trees at work"]
    assert titles(session, actor, text="%") == ["100% sure"]


def test_a_new_title_is_what_one_finds_it_by_in_any_script(session, actor):
    public_id = add(session, actor, title="before")
    listing.note(session, actor, public_id, title="ÜBER Änderungen")

    assert titles(session, actor, text="über ä") == ["ÜBER Änderungen"]
    assert titles(session, actor, text="before") == []
    assert titles(session, actor, text="goog") == ["ÜBER Änderungen"]


def test_filters_and_orders(session, actor):
    add(session, actor, title="b", status="succeeded", is_credible=True)
    add(session, actor, title="a", status="succeeded", is_credible=False)
    add(session, actor, title="c", status="failed")

    assert titles(session, actor) == ["c", "a", "b"]
    assert titles(session, actor, sort=Sort.OLDEST) == ["b", "a", "c"]
    assert titles(session, actor, sort=Sort.TITLE) == ["a", "b", "c"]
    assert titles(session, actor, sort=Sort.STATUS)[0] == "c"
    assert titles(session, actor, status=(Status.SUCCEEDED,)) == ["a", "b"]
    assert titles(session, actor, is_credible=True) == ["b"]
    assert titles(session, actor, is_credible=False) == ["a"]


def test_what_is_shared_is_listed_apart_without_the_owners_tags(session, actor):
    owner = factories.create_actor(session)
    user = factories.create_user(session)
    reader = factories.actor_of(user)
    public_id = add(session, owner, title="Theirs")
    listing.note(session, owner, public_id, tags=["private"], archived=True)
    listing.note(session, reader, add(session, reader, title="Mine"), tags=["private", "mine"])
    share = shares.share_with_user(session, owner, public_id, email=user.email)

    page = listing.search(session, reader, Filters(scope=Scope.SHARED))
    assert [(item.title, item.owner, item.is_own, item.tags, item.is_archived) for item in page.items] == [
        ("Theirs", owner.name, False, (), False)
    ]
    assert not analyses.get(session, reader, public_id).summary.is_archived, "that is the owner's note, too"
    for tag in ("private", "mine", ""):  # of a reader's own tags none is on what is another's
        found = listing.search(session, reader, Filters(scope=Scope.SHARED, tag=tag))
        assert found.total == len(found.items) == (0 if tag else 1)
    assert listing.list_tags(session, reader) == ["mine", "private"]
    assert titles(session, reader) == ["Mine"]
    shares.revoke(session, owner, public_id, share.id)
    assert titles(session, reader, scope=Scope.SHARED) == []


def test_administrators_see_metadata_and_cannot_ask_for_content(session, actor):
    admin = factories.create_actor(session, "admin")
    public_id = add(session, actor, title="secret", status="failed", error_code="internal", verdict="secret")
    row = session.query(Analysis).one()
    row.is_credible, row.keywords = False, "secret"
    session.add(Artifact(analysis_id=row.id, name="features", key="0" * 64, n_bytes=70, created_at=factories.NOW))
    session.flush()

    [item] = listing.search(session, admin, Filters(scope=Scope.ALL)).items
    assert (item.id, item.owner, item.error_code, item.n_bytes) == (public_id, actor.name, "internal", 70)
    assert "secret" not in str(item)
    assert (item.is_credible, item.symbols, item.tags) == (None, (), ())
    assert listing.search(session, admin, Filters(scope=Scope.ALL, text="secret")).total == 0
    assert listing.search(session, admin, Filters(scope=Scope.ALL, text=actor.name.upper())).total == 1
    for filters, sort in (
        (Filters(scope=Scope.ALL, is_credible=False), Sort.NEWEST),
        (Filters(scope=Scope.ALL, tag="x"), Sort.NEWEST),
        (Filters(scope=Scope.ALL), Sort.TITLE),
    ):
        with pytest.raises(InvalidInput):
            listing.search(session, admin, filters, sort=sort)
    with pytest.raises(PermissionDenied):
        listing.search(session, actor, Filters(scope=Scope.ALL))


def test_tags_are_found_and_replaced(session, actor):
    first, second = add(session, actor, title="first"), add(session, actor, title="second")
    noted = listing.note(session, actor, first, tags=[" Idea ", "idea", "to  do"])
    listing.note(session, actor, second, tags=["idea"])

    assert noted.tags == ("idea", "to do")
    assert listing.list_tags(session, actor) == ["idea", "to do"]
    assert titles(session, actor, tag="IDEA") == ["second", "first"]
    listing.note(session, actor, first, tags=[])
    assert listing.list_tags(session, actor) == ["idea"]


def test_what_is_archived_is_hidden_and_still_counted(session, actor):
    public_id = add(session, actor, title="old")
    row = session.query(Analysis).one()
    before = session.query(Trial).count()
    assert listing.note(session, actor, public_id, archived=True).is_archived

    assert titles(session, actor) == []
    assert titles(session, actor, archived=Archived.ONLY) == titles(session, actor, archived=Archived.ALSO) == ["old"]
    assert analyses.get(session, actor, public_id).summary.is_archived
    assert session.query(Trial).count() == before
    assert row.archived_at <= database_now(session)
    assert not listing.note(session, actor, public_id, archived=False).is_archived
    assert titles(session, actor) == ["old"]


def test_only_what_changes_is_in_the_audit_trail(session, actor):
    public_id = add(session, actor, title="old")
    listing.note(session, actor, public_id, title=" new  title ", tags=["a"], archived=False)
    listing.note(session, actor, public_id, title="new title", tags=["a"])

    [event] = session.query(AuditEvent)
    assert event.action == "analysis.noted"
    assert event.details == {"title": {"from": "old", "to": "new title"}, "tags": {"from": [], "to": ["a"]}}


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"title": " "}, "title"),
        ({"title": "x" * 121}, "title"),
        ({"tags": ["x" * 33]}, "tags"),
        ({"tags": ["a,b"]}, "tags"),
        ({"tags": [str(n) for n in range(11)]}, "tags"),
    ],
)
def test_what_does_not_fit_is_refused(session, actor, change, field):
    with pytest.raises(InvalidInput) as caught:
        listing.note(session, actor, add(session, actor), **change)
    assert list(caught.value.fields) == [field]


def test_only_the_owner_notes(session, actor):
    user = factories.create_user(session)
    public_id = add(session, actor)
    shares.share_with_user(session, actor, public_id, email=user.email)

    with pytest.raises(NotFound):
        listing.note(session, factories.actor_of(user), public_id, title="mine")
    with pytest.raises(PermissionDenied):
        listing.note(session, factories.create_actor(session, "viewer"), public_id, archived=True)


def test_a_page_takes_a_fixed_number_of_queries(session, actor, count_queries):
    for number in range(30):
        listing.note(session, actor, add(session, actor), tags=[f"tag {number % 3}"])
    with count_queries(session) as statements:
        page = listing.search(session, actor, Filters(), limit=10)

    assert (len(page.items), page.total, len(statements)) == (10, 30, 4)
    following = listing.search(session, actor, Filters(), limit=10, cursor=page.next)
    assert {item.id for item in following.items} & {item.id for item in page.items} == set()
