import pytest

from webapp.services.workflow import FINAL, MOVES, STAGES, Status


def test_every_status_has_its_moves_and_final_ones_have_none():
    assert set(MOVES) == set(Status)
    assert all((status in FINAL) == (not moves) for status, moves in MOVES.items())


def test_the_shares_of_the_stages_make_a_whole():
    assert sum(STAGES.values()) == pytest.approx(1.0)
