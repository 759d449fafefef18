from tests.factories import NOW
from tests.webapp.dashboard import reading
from webapp.dashboard.components.status_line import status_line
from webapp.services.system_status import SystemStatus


def test_all_is_well():
    tree = status_line(SystemStatus(2, 1, 3, NOW), has_broker=True, now=NOW)

    words = reading.text(tree)
    for part in ("2 workers alive", "1 running, 3 waiting", "Queue server answers", "Prices arrived  just now"):
        assert part in words
    assert reading.of_class(tree, "is-warning") == []


def test_what_is_wrong_stands_out():
    tree = status_line(SystemStatus(0, 0, 0, None), has_broker=False, now=NOW)

    assert [reading.text(each) for each in reading.of_class(tree, "is-warning")] == [
        "0 workers alive",
        "Queue server does not answer",
    ]
    assert "Prices arrived  –" in reading.text(tree)
