import datetime

from tests import factories
from webapp.db import database_now
from webapp.services import quotas, workers
from webapp.services.quotas import Limits
from webapp.services.waiting import Waiting

MINUTE = datetime.timedelta(minutes=1)


def why(session, actor, row, place=1):
    return Waiting(session, actor, database_now(session)).why(row, place)


def test_the_first_cause_that_would_have_to_go_is_told(session, count_queries):
    actor = factories.create_actor(session)
    reader = factories.create_actor(session)
    row = factories.create_analysis(session, actor)
    later = factories.create_analysis(
        session, actor, not_before=database_now(session) + 2 * MINUTE, error_message="No answer."
    )

    assert why(session, actor, row) == "no worker is alive; it begins when one has started"
    workers.beat(session, "w")
    assert why(session, actor, row) == "the next free worker takes it"
    assert why(session, actor, row, 1235) == "1,234 ahead of it"
    factories.create_analysis(session, actor, status="running")
    quotas.set_house(session, None, limits=Limits(n_running=1))
    assert why(session, actor, row, 5) == "you run 1 of 1, your limit"
    assert why(session, reader, row, 5) == "its owner has reached a limit", "others learn no numbers"
    assert why(session, actor, later).startswith("trying again in 1")
    assert why(session, actor, later).endswith(" s after: No answer.")

    quotas.set_house(session, None, limits=Limits())
    waiting = Waiting(session, actor, database_now(session))
    waiting.why(row, 1)
    with count_queries(session) as statements:
        for _ in range(20):
            waiting.why(row, 1)
    assert statements == []
