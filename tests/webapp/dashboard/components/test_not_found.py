from tests.webapp.dashboard import reading
from webapp.dashboard.components.not_found import not_found


def test_it_tells_nobody_whether_there_is_something():
    words = reading.text(not_found())

    assert "There is no such page or analysis, or it is not yours to see." in words


def test_it_leads_back():
    assert reading.of_type(not_found(), "Link")[0].href == "/app/analyses"
