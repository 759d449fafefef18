from tests.webapp.dashboard import reading
from webapp.dashboard.components.stage_rail import NAMES, stage_name, stage_rail
from webapp.services.workflow import STAGES, Status


def states(tree):
    """Return the state of each stage, in order."""
    lines = reading.of_class(tree, "rail-stage")
    return {name: line.className.split("rail-")[-1] for name, line in zip(STAGES, lines, strict=True)}


def test_every_stage_has_a_name():
    assert set(NAMES) == set(STAGES)
    assert len(set(NAMES.values())) == len(NAMES)


def test_done_running_and_waiting(view):
    tree = stage_rail(
        view(
            status=Status.RUNNING,
            stage="features",
            stage_fraction=0.47,
            stage_seconds={"acquire": 0.1, "clean": 61.0, "features": 3.0},
        )
    )

    shown = states(tree)
    assert (shown["acquire"], shown["clean"], shown["features"], shown["train"]) == (
        "done",
        "done",
        "running",
        "waiting",
    )
    assert "1 min 1 s" in reading.text(tree)
    assert "47 % · 3.0 s" in reading.text(tree)
    current = [
        each for each in reading.of_class(tree, "rail-stage") if reading.attribute(each, "aria-current") == "step"
    ]
    assert [reading.text(each).split()[0] for each in current] == ["Features"]


def test_tuning_that_was_not_needed_is_said_so(view):
    tree = stage_rail(view(status=Status.RUNNING, stage="predict", stage_seconds={"train": 9.0}))

    assert "Tune not needed" in reading.text(tree)
    assert states(tree)["tune"] == "done"


def test_where_it_failed_is_marked(view):
    tree = stage_rail(view(status=Status.FAILED, stage="split", stage_seconds={"acquire": 0.1}))

    assert states(tree)["split"] == "failed"
    assert states(tree)["train"] == "waiting"


def test_in_the_queue_all_wait(view):
    assert set(states(stage_rail(view(status=Status.QUEUED))).values()) == {"waiting"}


def test_a_stage_nobody_named_has_its_own_words():
    assert stage_name("partial_dependence") == "Partial dependence"
    assert stage_name(None) == ""
