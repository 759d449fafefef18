from tests.webapp.dashboard import reading
from webapp.dashboard.components.not_found import not_found
from webapp.dashboard.pages import not_found_404


def test_an_unknown_address_shows_the_same_as_an_unknown_analysis():
    assert reading.text(not_found_404.layout(any="thing")) == reading.text(not_found())


def test_dash_finds_it_by_its_name():
    assert not_found_404.__name__.rpartition(".")[2] == "not_found_404"
