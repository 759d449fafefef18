from tests.webapp.dashboard import reading
from webapp.dashboard.components.export_menu import export_menu
from webapp.services.exports import TABLES


def test_every_table_has_a_link_of_every_kind():
    menu = export_menu("a1b2c3")
    links = reading.of_type(menu, "A")
    assert len(links) == 3 * len(TABLES)
    assert links[0].href == "/api/v1/analyses/a1b2c3/export?table=equity&format=csv"
