from concurrent.futures import ThreadPoolExecutor

from tests import factories
from webapp.services import storage_use
from webapp.tables import Artifact


def add(session, row, **sizes):
    storage_use.add(
        session, row.id, row.owner_id, {name: (name, size) for name, size in sizes.items()}, at=factories.NOW
    )


def test_an_output_counts_once_for_a_person_however_many_answers_use_it(session):
    actor, other = factories.create_actor(session), factories.create_actor(session)
    first, second = (factories.create_analysis(session, actor) for _ in range(2))

    add(session, first, features=70, result=5)
    assert storage_use.used(session, actor.user_id) == 75
    add(session, second, features=70, result_of_second=6, empty=0)
    assert storage_use.used(session, actor.user_id) == 81
    assert storage_use.used(session, other.user_id) == 0
    add(session, factories.create_analysis(session, other), features=70)
    assert storage_use.used(session, other.user_id) == 70
    assert session.query(Artifact.name).filter_by(analysis_id=second.id).count() == 2, "what is empty is left out"


def test_one_answer_may_name_an_output_twice(session):
    row = factories.create_analysis(session, factories.create_actor(session))
    storage_use.add(session, row.id, row.owner_id, {"a": ("k", 9), "b": ("k", 9)}, at=factories.NOW)
    assert storage_use.used(session, row.owner_id) == 9


def test_an_answer_may_use_thousands_of_outputs(session):
    row = factories.create_analysis(session, factories.create_actor(session))
    outputs = {f"predict/fold-{number}": (f"key-{number}", 1) for number in range(2500)}
    storage_use.add(session, row.id, row.owner_id, outputs, at=factories.NOW)
    assert storage_use.used(session, row.owner_id) == 2500


def test_answers_that_are_saved_at_once_all_count_and_what_they_share_counts_once(database):
    with database.write() as session:
        actor = factories.create_actor(session)
        ids = [factories.create_analysis(session, actor).id for _ in range(4)]

    def save(number):
        with database.write() as session:
            outputs = {"result": (f"result-{number}", 10), "features": ("shared", 1000)}
            storage_use.add(session, ids[number], actor.user_id, outputs, at=factories.NOW)

    with ThreadPoolExecutor(len(ids)) as pool:
        list(pool.map(save, range(len(ids))))

    with database.read() as session:
        assert storage_use.used(session, actor.user_id) == 1040
