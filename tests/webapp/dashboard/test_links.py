import pytest

from tests import factories
from webapp.services import shares

pytestmark = pytest.mark.databases("sqlite")

PAGE = {"Accept": "text/html"}


def test_a_link_leads_to_the_analysis_and_one_that_is_none_nowhere(client, log_in, database):
    with database.write() as session:
        owner = factories.create_actor(session)
        analysis_id = factories.create_analysis(session, owner).public_id
        _, secret = shares.make_link(session, owner, analysis_id)
    log_in("viewer")

    assert client.get(f"/app/shared/{secret}").location == f"/app/analyses/{analysis_id}"
    answer = client.get("/app/shared/made-up", headers=PAGE)
    assert answer.status_code == 404
    assert "leads nowhere" in answer.text
