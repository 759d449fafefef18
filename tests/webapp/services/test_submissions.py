import pytest

from quant.spec import AnalysisSpec
from tests import factories
from webapp.db import database_now
from webapp.errors import InvalidInput
from webapp.services import submissions
from webapp.services.submissions import Question
from webapp.tables import Analysis


def question(title="Mine", **changes):
    spec = AnalysisSpec.model_validate({"instruments": [{"symbol": "GOOG"}], **changes})
    return Question(spec.resolved(), spec.hash(), title)


def test_questions_of_a_study_give_way_to_others(session):
    actor = factories.create_actor(session)
    study = factories.create_study(session, actor)
    ids = submissions.put_into_queue(session, actor.user_id, [question()])
    ids += submissions.put_into_queue(session, actor.user_id, [question()], study_id=study.id)
    alone, member = (session.query(Analysis).filter_by(public_id=id_).one() for id_ in ids)

    assert (alone.priority, alone.study_id) == (0, None)
    assert (member.priority, member.study_id) == (10, study.id)
    assert member.keywords == "mine goog logistic random_forest xgboost"


def test_the_longest_keywords_fit_into_an_index():
    spec = {
        "instruments": [{"symbol": "X" * 32}] * most(AnalysisSpec, "instruments"),
        "models": [{"name": "x" * 32}] * most(AnalysisSpec, "models"),
    }
    assert len(submissions.keywords_of("\U0001f600" * submissions.MOST_CHARACTERS, spec).encode()) < 2400


def most(spec, name):
    return next(each.max_length for each in spec.model_fields[name].metadata if hasattr(each, "max_length"))


def test_what_is_withdrawn_leaves_the_queue_or_is_asked_to_stop_once(session):
    actor = factories.create_actor(session)
    rows = [factories.create_analysis(session, actor, status=status) for status in ("queued", "running", "succeeded")]
    which = Analysis.owner_id == actor.user_id
    now = database_now(session)

    assert submissions.withdraw(session, which, now) == (1, 1)
    assert submissions.withdraw(session, which, now) == (0, 0)
    session.expire_all()
    assert [(row.status, row.cancel_requested_at is not None) for row in rows] == [
        ("cancelled", True),
        ("running", True),
        ("succeeded", False),
    ]


def test_a_title_is_made_of_symbols_and_models_or_a_rule_or_is_clean():
    spec = AnalysisSpec.model_validate(
        {"instruments": [{"symbol": each} for each in "ABCDE"], "models": [{"name": "svm"}]}
    )
    assert submissions.default_title(spec) == "A, B, C and 2 more: support vector machine"
    rule = AnalysisSpec.model_validate({"instruments": [{"symbol": "A"}], "strategy": {"name": "crossover_rule"}})
    assert submissions.default_title(rule) == "A: crossover of averages"
    assert submissions.clean_title("  a   b ") == "a b"
    with pytest.raises(InvalidInput, match="too long"):
        submissions.clean_title("x" * 121)
