from tests.webapp.dashboard import reading
from webapp.dashboard.components.export_menu import export_menu
from webapp.services.exports import TABLES


def test_every_table_that_answers_usually_have_has_a_link_of_every_kind():
    menu = export_menu("a1b2c3")
    links = reading.of_type(menu, "A")
    assert len(links) == 3 * sum(not table.is_on_request for table in TABLES.values())
    assert links[0].href == "/api/v1/analyses/a1b2c3/export?table=equity&format=csv"
