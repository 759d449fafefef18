from itertools import islice

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quant.errors import InvalidSpec
from quant.models.catalog import MODELS, Choices, FloatRange, IntegerRange, LogisticRegression, ModelEntry, RandomForest
from quant.models.search import grid_parameters, sample_parameters, suggest_parameters, with_parameters


def entry(**search_space):
    """Return a model with a search space of its own."""
    return type("Entry", (ModelEntry,), {"search_space": search_space, "__annotations__": {}})


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
@settings(max_examples=100, deadline=None)
@given(seed=st.integers(0, 2**63 - 1))
def test_every_sample_is_allowed_by_the_entry(model, seed):
    parameters = sample_parameters(model, np.random.default_rng(seed))
    assert parameters.keys() == model.search_space.keys()
    spec = with_parameters(model(), parameters)
    assert spec.parameters() == model().parameters() | parameters
    assert type(spec).model_validate_json(spec.model_dump_json()) == spec


@settings(max_examples=200, deadline=None)
@given(
    low=st.integers(1, 1000),
    width=st.integers(0, 1000),
    log=st.booleans(),
    seed=st.integers(0, 2**32 - 1),
    scale=st.sampled_from([1e-6, 1e-3, 1.0]),
)
def test_samples_stay_within_bounds(low, width, log, seed, scale):
    high = low + width
    model = entry(
        n=IntegerRange(low=low, high=high, log=log), x=FloatRange(low=low * scale, high=high * scale, log=log)
    )
    parameters = sample_parameters(model, np.random.default_rng(seed))
    assert isinstance(parameters["n"], int)
    assert isinstance(parameters["x"], float)
    assert low <= parameters["n"] <= high
    assert low * scale <= parameters["x"] <= high * scale


@pytest.mark.parametrize("edge", [0, 1])
@settings(max_examples=100, deadline=None)
@given(low=st.integers(1, 1000), width=st.integers(0, 1000))
def test_rounding_at_the_very_edge_stays_within_bounds(edge, low, width):
    class AtTheEdge:
        def uniform(self, *bounds):
            return bounds[edge]

    model = entry(n=IntegerRange(low=low, high=low + width, log=True), x=FloatRange(low=low / 7, high=low / 7 + width))
    parameters = sample_parameters(model, AtTheEdge())
    assert parameters["n"] == [low, low + width][edge]
    assert low / 7 <= parameters["x"] <= low / 7 + width


@pytest.mark.parametrize("log", [False, True])
def test_both_bounds_of_integers_can_be_drawn(log):
    model = entry(n=IntegerRange(low=2, high=5, log=log))
    rng = np.random.default_rng(3)
    counts = np.bincount([sample_parameters(model, rng)["n"] for _ in range(4000)], minlength=6)[2:]
    expected = np.log(np.arange(3, 7) / np.arange(2, 6)) / np.log(3) if log else np.full(4, 0.25)
    assert counts / 4000 == pytest.approx(expected, abs=0.03)


def test_logarithmic_ranges_favour_no_decade():
    model = entry(x=FloatRange(low=0.001, high=10, log=True))
    rng = np.random.default_rng(3)
    draws = [sample_parameters(model, rng)["x"] for _ in range(4000)]
    counts = np.histogram(np.log10(draws), bins=[-3, -2, -1, 0, 1])[0]
    assert counts / 4000 == pytest.approx(np.full(4, 0.25), abs=0.03)


def test_choices_are_drawn_as_they_are():
    model = entry(kind=Choices(values=("a", None, 3)))
    rng = np.random.default_rng(3)
    assert {sample_parameters(model, rng)["kind"] for _ in range(50)} == {"a", None, 3}


def test_the_same_state_gives_the_same_parameters():
    first, second, other = (sample_parameters(RandomForest, np.random.default_rng([7, n])) for n in (4, 4, 5))
    assert first == second != other


def test_numbers_can_be_retyped():
    draws = [sample_parameters(LogisticRegression, np.random.default_rng(n))["c"] for n in range(50)]
    assert all(float(f"{value:.4g}") == value for value in draws)


@pytest.mark.parametrize(("parameters", "field"), [({"max_depth": 99}, "max_depth"), ({"depth": 3}, "depth")])
def test_what_the_entry_does_not_allow_is_refused(parameters, field):
    with pytest.raises(InvalidSpec, match=f"found {field} = ") as refused:
        with_parameters(RandomForest(), parameters)
    assert refused.value.field == field


@pytest.mark.parametrize("model", MODELS)
def test_every_point_of_a_grid_is_allowed_and_comes_once(model):
    points = list(islice(grid_parameters(model), 60))
    assert all(with_parameters(model(), point) for point in points)
    assert len({str(point) for point in points}) == len(points)
    assert all(list(point) == list(model.search_space) for point in points)


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("end", ["low", "high"])
def test_what_a_tuner_chooses_is_allowed(model, end):
    class AtTheEnd:
        def suggest_int(self, _name, low, high, *, log=False):
            assert log in (True, False)
            return {"low": low, "high": high}[end]

        suggest_float = suggest_int

    chosen = suggest_parameters(model, AtTheEnd())
    assert with_parameters(model(), chosen)
    assert list(chosen) == list(model.search_space)
