import datetime
import hashlib

import pytest

from quant.spec import AnalysisSpec
from tests import factories
from webapp.errors import Conflict, InvalidInput, NotFound, PermissionDenied, QuotaExceeded
from webapp.services import analyses, groups, shares
from webapp.services.shares import ShareKind
from webapp.tables import AuditEvent, Share, ShareOpening, User


@pytest.fixture
def owner(session):
    return factories.actor_of(factories.create_user(session, name="Owner"))


@pytest.fixture
def analysis_id(session, owner):
    return factories.create_analysis(session, owner).public_id


@pytest.fixture
def ada(session):
    return factories.create_user(session, name="Ada", email="ada@example.org", role="viewer")


def events(session):
    return [(event.action, event.details) for event in session.query(AuditEvent).order_by(AuditEvent.id)]


def test_a_user_reads_what_is_shared_with_them_and_changes_nothing(session, owner, analysis_id, ada):
    view = shares.share_with_user(session, owner, analysis_id, email=" ADA@example.org ", address="127.0.0.1")
    reader = factories.actor_of(ada)

    assert (view.kind, view.name, view.email, view.expires_at) == (ShareKind.USER, "Ada", ada.email, None)
    assert shares.list_shares(session, owner, analysis_id) == [view]
    seen = analyses.get(session, reader, analysis_id)
    assert (seen.summary.owner, seen.summary.is_own) == ("Owner", False)
    assert analyses.get(session, owner, analysis_id).summary.is_own
    assert analyses.read_log(session, reader, analysis_id) == []
    session.get_one(User, ada.id).role = "researcher"
    researcher = factories.actor_of(ada)
    for change in (
        lambda: analyses.cancel(session, researcher, analysis_id),
        lambda: analyses.rerun(session, researcher, analysis_id),
        lambda: shares.list_shares(session, researcher, analysis_id),
        lambda: shares.share_with_user(session, researcher, analysis_id, email=ada.email),
        lambda: shares.share_with_group(session, researcher, analysis_id, group_id="x"),
        lambda: shares.make_link(session, researcher, analysis_id),
        lambda: shares.revoke(session, researcher, analysis_id, view.id),
    ):
        with pytest.raises(NotFound):
            change()
    [(action, details)] = events(session)
    assert action == "analysis.shared"
    assert details == {"share": view.id, "user": ada.public_id, "expires_at": None}


def test_sharing_again_changes_until_when(session, owner, analysis_id, ada):
    first = shares.share_with_user(session, owner, analysis_id, email=ada.email)
    again = shares.share_with_user(session, owner, analysis_id, email=ada.email, expires_in_days=7)

    assert again.id == first.id
    assert datetime.timedelta(days=6) < again.expires_at - first.created_at <= datetime.timedelta(days=8)
    assert session.query(Share).count() == 1


@pytest.mark.parametrize("email", ["nobody@example.org", "", "gone@example.org"])
def test_who_is_not_there_and_who_may_not_come_in_are_the_same(session, owner, analysis_id, email):
    factories.create_user(session, email="gone@example.org", is_active=False)

    with pytest.raises(InvalidInput) as caught:
        shares.share_with_user(session, owner, analysis_id, email=email)
    assert caught.value.fields == {"email": "There is no active user with this address."}
    assert session.query(Share).count() == 0


def test_nobody_shares_with_themselves_or_for_no_time(session, owner, analysis_id, ada):
    own = session.get_one(User, owner.user_id).email
    with pytest.raises(InvalidInput):
        shares.share_with_user(session, owner, analysis_id, email=own)
    for days in (0, 366):
        with pytest.raises(InvalidInput) as caught:
            shares.share_with_user(session, owner, analysis_id, email=ada.email, expires_in_days=days)
        assert list(caught.value.fields) == ["expires_in_days"]


def test_only_with_groups_that_one_is_in(session, owner, analysis_id, ada):
    admin = factories.create_actor(session, "admin")
    desk = groups.create_group(session, admin, name="Desk")
    groups.set_members(session, admin, desk.id, emails=[ada.email])
    for group_id in (desk.id, "nothing"):
        with pytest.raises(InvalidInput) as caught:
            shares.share_with_group(session, owner, analysis_id, group_id=group_id)
        assert list(caught.value.fields) == ["group_id"]

    own = session.get_one(User, owner.user_id).email
    groups.set_members(session, admin, desk.id, emails=[ada.email, own])
    view = shares.share_with_group(session, owner, analysis_id, group_id=desk.id)

    assert (view.kind, view.name, view.email) == (ShareKind.GROUP, "Desk", None)
    assert analyses.get(session, factories.actor_of(ada), analysis_id).id == analysis_id
    groups.delete_group(session, admin, desk.id)
    with pytest.raises(NotFound):
        analyses.get(session, factories.actor_of(ada), analysis_id)


def test_a_link_opens_for_who_has_it_until_it_is_taken_back(session, owner, analysis_id, ada):
    view, secret = shares.make_link(session, owner, analysis_id)
    reader = factories.actor_of(ada)

    assert session.query(Share).one().link_hash == hashlib.sha256(secret.encode()).hexdigest()
    with pytest.raises(NotFound):
        analyses.get(session, reader, analysis_id)
    for _ in range(2):
        assert shares.open_link(session, reader, secret) == analysis_id
    assert analyses.get(session, reader, analysis_id).summary.owner == "Owner"
    assert shares.list_shares(session, owner, analysis_id)[0].opened_by == ("Ada",)
    assert shares.open_link(session, owner, secret) == analysis_id
    assert session.query(ShareOpening).count() == 1
    assert secret not in str(events(session))
    assert [action for action, _ in events(session)] == ["analysis.shared", "analysis.link_opened"]

    shares.revoke(session, owner, analysis_id, view.id)
    for find in (
        lambda: analyses.get(session, reader, analysis_id),
        lambda: shares.open_link(session, reader, secret),
        lambda: shares.revoke(session, owner, analysis_id, view.id),
    ):
        with pytest.raises(NotFound):
            find()
    assert events(session)[-1] == ("analysis.unshared", {"share": view.id})


@pytest.mark.parametrize("secret", ["", "made up", "x" * 200, "\ud800"])
def test_what_is_no_link_leads_nowhere(session, ada, secret):
    with pytest.raises(NotFound, match="leads nowhere"):
        shares.open_link(session, factories.actor_of(ada), secret)


def test_a_link_that_has_run_out_leads_nowhere(session, owner, analysis_id, ada):
    _, secret = shares.make_link(session, owner, analysis_id, expires_in_days=1)
    shares.open_link(session, factories.actor_of(ada), secret)
    session.query(Share).one().expires_at = factories.NOW.replace(year=2001)
    session.flush()

    with pytest.raises(NotFound):
        shares.open_link(session, factories.actor_of(ada), secret)
    with pytest.raises(NotFound):
        analyses.get(session, factories.actor_of(ada), analysis_id)
    assert shares.list_shares(session, owner, analysis_id) == []


def test_a_share_of_one_analysis_is_not_taken_back_by_another(session, owner, analysis_id, ada):
    view = shares.share_with_user(session, owner, analysis_id, email=ada.email)
    other = factories.create_analysis(session, owner).public_id

    with pytest.raises(NotFound):
        shares.revoke(session, owner, other, view.id)


def test_there_is_an_end_to_sharing(session, owner, analysis_id, monkeypatch):
    monkeypatch.setattr(shares, "MOST_SHARES", 2)
    for _ in range(2):
        shares.make_link(session, owner, analysis_id)
    with pytest.raises(QuotaExceeded):
        shares.make_link(session, owner, analysis_id)


def test_a_viewer_shares_nothing(session, ada):
    reader = factories.actor_of(ada)
    mine = factories.create_analysis(session, reader).public_id
    with pytest.raises(PermissionDenied):
        shares.make_link(session, reader, mine)


def test_a_reader_sees_the_parent_only_if_that_is_shared_as_well(session, owner, analysis_id, ada):
    session.query(analyses.Analysis).one().status = "succeeded"
    again = analyses.rerun(session, owner, analysis_id)
    shares.share_with_user(session, owner, again, email=ada.email)
    reader = factories.actor_of(ada)

    assert analyses.get(session, reader, again).parent_id is None
    shares.share_with_user(session, owner, analysis_id, email=ada.email)
    assert analyses.get(session, reader, again).parent_id == analysis_id
    with pytest.raises(Conflict):
        analyses.rerun(session, owner, again)


def test_prices_that_only_the_owner_may_see_are_not_lent_to_a_reader(session, owner, ada):
    series = factories.create_series(session, factories.create_security(session, symbol="OURS"), owner_id=owner.user_id)
    series.source, series.revision = "upload", 1
    session.flush()
    question = AnalysisSpec.model_validate({"instruments": [{"symbol": "OURS", "source": "upload"}]})
    analysis_id = analyses.submit(session, owner, question)
    ada.role = "researcher"
    shares.share_with_user(session, owner, analysis_id, email=ada.email)
    reader = factories.actor_of(ada)
    asked = AnalysisSpec.model_validate(analyses.get(session, reader, analysis_id).spec)

    with pytest.raises(InvalidInput) as caught:
        analyses.submit(session, reader, asked)
    assert "upload has bars of 1d: none; found OURS" in caught.value.fields["instruments.0.symbol"]
