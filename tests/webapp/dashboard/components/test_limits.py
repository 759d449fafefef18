import pytest

from tests.factories import NOW
from tests.webapp.dashboard.reading import of_type, text
from webapp.dashboard.components import limits
from webapp.errors import InvalidInput
from webapp.services.quotas import MOST_QUEUED, Allowance, Limits


def allowance(**changes):
    given = {
        "limits": Limits(n_running=2, n_queued=MOST_QUEUED, cpu_minutes=120),
        "own": Limits(n_running=2),
        "n_running": 1,
        "n_queued": 3,
        "cpu_seconds": 750.0,
        "storage_bytes": 3 * 1024**3,
        "day_ends_at": NOW,
    }
    return Allowance(**{**given, **changes})


def words(component):
    return text(component).replace("\u00a0", " ")


def test_what_is_used_stands_beside_how_much_there_is_and_what_is_left():
    shown = words(limits.allowance_facts(allowance()))

    for part in ("1 of 2, 1 left", "3 of 10,000, 9,997 left", "12.5 of 120, 107.5 left", "3 GiB, no limit"):
        assert part in shown


def test_where_one_submits_only_what_is_limited_is_said():
    assert words(limits.allowance_line(allowance())) == (
        "Your limits: 1 of 2 running, 12.5 of 120 processor minutes used today."
    )
    assert limits.allowance_line(allowance(limits=Limits(n_queued=MOST_QUEUED))) is None
    assert "5,001 of 10,000 waiting" in words(limits.allowance_line(allowance(n_queued=5001)))
    assert "3 GiB of 4 GiB stored" in words(limits.allowance_line(allowance(limits=Limits(storage_bytes=4 * 1024**3))))


def test_what_the_fields_show_is_what_they_mean():
    given = Limits(n_running=2, cpu_minutes=0, storage_bytes=3 * 1024**3 // 2)
    form = limits.limit_fields("user-limit", given, empty="as for everybody")
    inputs = of_type(form, "Input")

    assert [each.id for each in inputs] == limits.field_ids("user-limit")
    assert limits.to_limits([each.value for each in inputs]) == given
    assert limits.to_limits(["", None, 3, 0.25]) == Limits(cpu_minutes=3, storage_bytes=2**28)


@pytest.mark.parametrize("wrong", ["many", True, 1e300, [1]])
def test_what_is_no_number_is_refused(wrong):
    with pytest.raises(InvalidInput, match="Running at once: expected a number"):
        limits.to_limits([wrong, None, None, None])
