import pytest

from tests import factories
from tests.webapp.dashboard.reading import by_id, text
from webapp.dashboard.pages import audit as page
from webapp.errors import InvalidInput, PermissionDenied
from webapp.services import audit

pytestmark = pytest.mark.databases("sqlite")


def sentences(rows):
    return [row["sentence"] for row in rows]


def test_the_trail_is_read_page_by_page_and_filtered(acting, database, monkeypatch):
    monkeypatch.setattr(page, "PAGE_SIZE", 2)
    with database.write() as session:
        ada = factories.create_user(session, name="Ada")
        for number in range(3):
            audit.record(session, action="analysis.submitted", subject=f"a{number}", actor=factories.actor_of(ada))
        user_id = ada.public_id
    with acting("admin"):
        shown = page.layout()
        assert sentences(by_id(shown, "audit-grid").rowData)[0] == "Ada submitted the analysis a2."
        assert "a0" not in str(by_id(shown, "audit-grid").rowData)
        assert "Nothing matches" in text(shown), "what stands there when nothing does"
        cursor = by_id(shown, "audit-next").data
        rows, following, is_last = page.older(1, cursor, "", "", None, None)
        assert sentences(rows)[0] == "Ada submitted the analysis a0."
        assert (following, is_last) == ("", True)
        assert page.show("", "account", None, None, None)[0] == []
        assert "a2" in str(page.show(user_id, "analysis", "2020-01-01", "2100-01-01", None)[0])
        with pytest.raises(InvalidInput):
            page.show("", "", "yesterday", None, None)
        assert by_id(shown, "audit-export").href == "/api/v1/audit/export"
        href = page.show(user_id, "analysis", "2020-01-01", None, None)[-1]
        assert href == f"/api/v1/audit/export?user={user_id}&action=analysis&start=2020-01-01"
        assert page.older(None, cursor, "", "", None, None) == page.older(1, "", "", "", None, None)


def test_it_is_for_administrators(acting):
    with acting("researcher"), pytest.raises(PermissionDenied):
        page.layout()
