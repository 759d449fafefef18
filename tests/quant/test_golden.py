"""Every entry of a catalogue gives the numbers that were pinned with its version.

Stages are stored under an address that holds the entry's `version`. Were its numbers to change under the old one,
stages of the old numbers would be used as if they were new. So whoever changes numbers raises `version`, and then pins
the new ones in `golden.json` by

    .venv/bin/python -m tests.quant.test_golden

which keeps what has not changed, and refuses numbers that changed while their address did not.
"""

import json
import math
import sys
from collections.abc import Iterable
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from quant.bars.catalog import BARS
from quant.bars.day_catalog import DAY_BARS, DayBarsEntry
from quant.bars.days import Days, gather_days
from quant.catalog import CatalogEntry
from quant.data.provider import PriceQuery, create_provider
from quant.data.snapshot import to_prices
from quant.features.catalog import FEATURES
from quant.features.catalog.cross_asset import closes_of
from quant.frames import Prices, forecast_columns, to_panel
from quant.labels.catalog import LABELS
from quant.models.build import build
from quant.models.catalog import MODELS, ModelEntry
from quant.models.prediction import predict_probability, predict_return
from quant.portfolio.allocation import shares_of_returns
from quant.portfolio.catalog import ALLOCATIONS, AllocationEntry
from quant.rules import pair_sides
from quant.stages import numeric_versions
from quant.strategies.catalog import STRATEGIES, ForecastEntry, PairSpread, RuleEntry
from quant.transforms.build import build_steps
from quant.transforms.catalog import TRANSFORMS, TransformEntry

_FOUR = ("open", "high", "low", "close")
GOLDEN = Path(__file__).with_name("golden.json")
PIN = ".venv/bin/python -m tests.quant.test_golden"
ENTRIES: tuple[type[CatalogEntry], ...] = (
    *BARS, *DAY_BARS, *FEATURES, *LABELS, *MODELS, *TRANSFORMS, *ALLOCATIONS, *STRATEGIES,
)  # fmt: skip
DIGITS = 12
N_TRAINED = 1500
HORIZON = 5

Golden = dict[str, Any]


def key_of(entry: type[CatalogEntry]) -> str:
    """Return the room and the name of an entry, such as `"features.rsi"`; of bars of days that of their module."""
    if issubclass(entry, DayBarsEntry):
        return f"days.{entry.model_fields['name'].default}"
    return f"{entry.__module__.split('.')[1]}.{entry.model_fields['name'].default}"


# --- What is pinned --------------------------------------------------------------------------------------------------


def golden_of(entry: type[CatalogEntry], prices: Prices) -> Golden:
    """Return what an entry's part in the address of a stage is, and its numbers, both with its default parameters."""
    spec = entry()
    # Google had no splits and dividends in these years: its raw prices are adjusted ones.
    if isinstance(spec, ModelEntry):
        frame = _predicted(spec, prices)
    elif isinstance(spec, TransformEntry):
        frame = _prepared(spec, prices)
    elif isinstance(spec, AllocationEntry):
        frame = shares_of_returns(prices[list(_FOUR)] / prices[list(_FOUR)].shift(1) - 1.0, spec)
    elif isinstance(spec, PairSpread):
        frame = pair_sides(prices, prices.assign(close=prices["open"]), spec).set_axis(["first", "second"], axis=1)
    elif isinstance(spec, RuleEntry):
        frame = spec.load()(prices, spec).to_frame("side")
    elif isinstance(spec, ForecastEntry):
        frame = spec.load()(_forecasts(prices), spec)
    elif isinstance(spec, DayBarsEntry):
        days = Days(prices, prices, "XNYS", prices.index[-1])
        frame = gather_days(days, spec.load()(days, **spec.parameters()))[0].drop(columns="session")
    else:
        others = {closes_of(symbol): prices["open"] for symbol in getattr(spec, "others", ())}
        frame = spec.load()(prices.assign(**others), **spec.parameters())
    return {
        "version": entry.version,
        "parameters": spec.model_dump(mode="json", exclude={"name"}),
        "values": {column: _digest(frame[column]) for column in frame},
    }


def _forecasts(prices: Prices) -> pd.DataFrame:
    """Return probabilities of two instruments, and sides that they may be about, made by divisions only."""
    near, far = (prices["close"] / prices["close"].shift(n) for n in (5, 20))
    frames = {
        place: pd.DataFrame({"probability": ratio / (ratio + other), "side": np.sign(far - 1.0)}).iloc[20:]
        for place, (ratio, other) in enumerate(((near, far), (far, near)))
    }
    return to_panel(frames)


def _predicted(spec: ModelEntry, prices: Prices) -> pd.DataFrame:
    """Return the probabilities of the later bars by a model of the earlier ones."""
    rows, rises, returns, train, test = _learned_from(prices)
    learned = returns if spec.learns == "numbers" else rises
    model = build(spec, seed=7, gap=HORIZON).fit(rows.iloc[train], learned.iloc[train])
    if spec.learns == "numbers":
        said = predict_return(model, rows.iloc[test])
        columns = forecast_columns("regression", has_quantiles=said.ndim > 1)
        return pd.DataFrame(said.reshape(len(said), -1), columns=list(columns))
    return pd.DataFrame({"probability": predict_probability(model, rows.iloc[test])})


def _prepared(spec: TransformEntry, prices: Prices) -> pd.DataFrame:
    """Return later bars as a step makes them that was fitted on earlier ones."""
    rows, rises, _, train, test = _learned_from(prices)
    ((_, step),) = build_steps([spec], learns="classes", seed=7, gap=HORIZON, orders={0: 0.2, 2: 0.5})
    made = step.fit(rows.iloc[train].to_numpy(), rises.iloc[train]).transform(rows.iloc[test].to_numpy())
    return pd.DataFrame({f"column_{place}": made[:, place] for place in range(made.shape[1])})


def _learned_from(prices: Prices) -> tuple[pd.DataFrame, pd.Series, pd.Series, slice, slice]:
    """Return rows, whether each is followed by a rise and how large, and which bars are the earlier and later ones.

    They are made by divisions only: the same bits on every machine, and a feature that changes changes no model.
    """
    close, volume = prices["close"], prices["volume"]
    rows = pd.DataFrame({f"return_{n}": close / close.shift(n) - 1.0 for n in (1, 5, 20)})
    rows["volume"] = volume / volume.shift(1)
    later = close.shift(-HORIZON)
    train, test = slice(20, N_TRAINED), slice(N_TRAINED + HORIZON, len(prices))
    return rows, (later > close).astype("int64"), later / close - 1.0, train, test


def _digest(column: pd.Series) -> dict[str, float]:
    """Return a handful of numbers that a change of any value, or of the warm-up, is unlikely to leave alone."""
    values = column.dropna()
    if isinstance(values.dtype, pd.DatetimeTZDtype):
        values = (values - pd.Timestamp(0, tz="UTC")) / pd.Timedelta(days=1)
    n_known = len(values)
    places = {"first": 0, "quarter": n_known // 4, "half": n_known // 2, "three_quarters": 3 * n_known // 4, "last": -1}
    picked = {name: values.iloc[place] for name, place in places.items()}
    numbers = {**picked, "mean": values.mean(), "mean_square": (values**2).mean()}
    return {"n_known": n_known, **{name: float(f"{value:.{DIGITS}g}") for name, value in numbers.items()}}


# --- How it is judged ------------------------------------------------------------------------------------------------


def differences(entry: type[CatalogEntry], found: Golden, pinned: Golden) -> list[str]:
    """Return in words which numbers differ by more than processors do.

    Sums and logarithms differ in their last bits from one processor to another. A fit carries that on: the solver of
    the logistic regression stops at about eight digits, and XGBoost adds up in single precision.
    """
    tolerance = 1e-5 if issubclass(entry, ModelEntry) else 1e-9
    expected, values = pinned["values"], found["values"]
    if list(expected) != list(values):
        return [f"columns {list(expected)} became {list(values)}"]
    return [
        f"{column}, {name}: pinned {number}, found {values[column][name]}"
        for column, numbers in expected.items()
        for name, number in numbers.items()
        if not math.isclose(values[column][name], number, rel_tol=tolerance, abs_tol=1e-15)
    ]


def complaint(entry: type[CatalogEntry], found: Golden, pinned: Golden, *, same_libraries: bool) -> str | None:
    """Return what is wrong with numbers that are not the pinned ones, and what to do; None if nothing is.

    Other parameters and other libraries make another address as a higher version does.
    """
    name, version = key_of(entry), pinned["version"]
    if found["version"] < version:
        return f"{name} has version {found['version']}, below {version}, which stages were stored under. Raise it."
    changed = differences(entry, found, pinned)
    is_new_address = found["version"] > version or found["parameters"] != pinned["parameters"] or not same_libraries
    if not changed or is_new_address:
        return None
    return (
        f"{name} gives other numbers under its version {version}: stages that are stored would be used as if they had "
        f"the new ones. Raise `version` of {entry.__module__}.{entry.__name__} to {version + 1}, then pin the numbers: "
        f"`{PIN}`. Changed: {'; '.join(changed)}."
    )


def pin(path: Path, entries: Iterable[type[CatalogEntry]], prices: Prices) -> list[str]:
    """Write the goldens of the entries, and return the complaints; if there are any, nothing is written."""
    old = json.loads(path.read_text()) if path.exists() else {"libraries": {}, "entries": {}}
    same_libraries = old["libraries"] == numeric_versions()
    pinned, complaints = {}, []
    for entry in entries:
        key, found = key_of(entry), golden_of(entry, prices)
        before = old["entries"].get(key, found)
        error = complaint(entry, found, before, same_libraries=same_libraries)
        complaints += [error] if error else []
        # Last digits are those of a processor: what is equal but for them is not written anew.
        pinned[key] = found if differences(entry, found, before) else {**found, "values": before["values"]}
    if not complaints:
        golden = {"libraries": numeric_versions(), "entries": pinned}
        path.write_text(json.dumps(golden, indent=2) + "\n")
    return complaints


# --- The tests -------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def golden():
    return json.loads(GOLDEN.read_text())


@pytest.mark.parametrize("entry", ENTRIES, ids=key_of)
def test_numbers_change_only_with_their_version(entry, golden, prices):
    pinned = golden["entries"].get(key_of(entry))
    assert pinned is not None, f"{key_of(entry)} has no golden. Pin it: `{PIN}`."
    found = golden_of(entry, prices)
    same_libraries = golden["libraries"] == numeric_versions()
    error = complaint(entry, found, pinned, same_libraries=same_libraries)
    if error is not None:
        pytest.fail(error, pytrace=False)
    outdated = [part for part in ("version", "parameters") if found[part] != pinned[part]]
    assert outdated == [], f"The golden of {key_of(entry)} is that of another {outdated[0]}. Pin it: `{PIN}`."


def test_goldens_are_of_the_libraries_at_hand(golden):
    # Else numbers that changed with them could be pinned later, together with a change that needs a version.
    assert golden["libraries"] == numeric_versions(), f"Libraries changed. Pin the numbers they give: `{PIN}`."


def test_every_entry_of_every_catalogue_has_a_golden(golden):
    for room in sorted(Path(__file__).parents[2].glob("quant/[!_]*/catalog*")):
        import_module(f"quant.{room.parent.name}.catalog")
    known = [*CatalogEntry.__subclasses__()]
    for entry in known:
        known += entry.__subclasses__()
    versioned = {entry for entry in known if entry.__module__.startswith("quant.") and "name" in entry.model_fields}
    assert versioned == set(ENTRIES)
    assert set(golden["entries"]) == {key_of(entry) for entry in ENTRIES}, f"Pin the numbers: `{PIN}`."


@pytest.fixture
def momentum(prices):
    """Return the first feature, what it gives, and a maker of what it would give if its numbers were a bit larger."""
    entry = FEATURES[0]
    found = golden_of(entry, prices)
    numbers = found["values"]["return_5"]

    def larger(factor):
        column = {name: number * (1 if name == "n_known" else factor) for name, number in numbers.items()}
        return {**found, "values": {"return_5": column}}

    return entry, found, larger


def test_a_changed_number_asks_for_a_version(momentum):
    entry, found, larger = momentum
    assert complaint(entry, found, larger(1 + 1e-11), same_libraries=True) is None
    error = complaint(entry, found, larger(1 + 1e-8), same_libraries=True)
    assert error is not None
    assert "features.return" in error
    assert "Raise `version` of quant.features.catalog.momentum.Return to 2" in error
    assert PIN in error


def test_a_changed_number_is_let_through_under_another_address_only(momentum):
    entry, found, larger = momentum
    other = larger(2.0)
    assert complaint(entry, {**found, "version": 2}, other, same_libraries=True) is None
    assert complaint(entry, {**found, "parameters": {"window": 6}}, other, same_libraries=True) is None
    assert complaint(entry, found, other, same_libraries=False) is None
    assert "below 2" in complaint(entry, found, {**found, "version": 2}, same_libraries=True)


def test_one_value_that_is_another_and_one_that_is_unknown_are_changes(momentum, prices):
    entry, found, _ = momentum
    values = entry.load()(prices, window=5)["return_5"]
    for row, value in ((1000, values.iloc[1000] + 1e-4), (5, math.nan)):
        changed = values.copy()
        changed.iloc[row] = value
        assert differences(entry, {**found, "values": {"return_5": _digest(changed)}}, found) != []


def test_another_name_of_a_column_is_a_change(momentum):
    entry, found, _ = momentum
    renamed = {**found, "values": {"momentum_5": found["values"]["return_5"]}}
    assert differences(entry, found, renamed) == ["columns ['momentum_5'] became ['return_5']"]


def test_pinning_keeps_last_digits_and_refuses_numbers_without_a_version(momentum, prices, tmp_path):
    entry, found, larger = momentum
    path = tmp_path / "golden.json"
    assert pin(path, [entry], prices) == []
    first = path.read_text()
    assert json.loads(first)["entries"] == {"features.return": found}

    def rewrite(golden):
        path.write_text(json.dumps({"libraries": numeric_versions(), "entries": {"features.return": golden}}))

    rewrite(larger(1 + 1e-11))
    assert pin(path, [entry], prices) == []
    assert json.loads(path.read_text())["entries"] == {"features.return": larger(1 + 1e-11)}
    rewrite(larger(2.0))
    before = path.read_text()
    (error,) = pin(path, [entry], prices)
    assert "Raise `version`" in error
    assert path.read_text() == before
    rewrite({**larger(2.0), "version": 0})
    assert pin(path, [entry], prices) == []
    assert path.read_text() == first


if __name__ == "__main__":
    sys.exit("\n".join(pin(GOLDEN, ENTRIES, to_prices(create_provider("sample").fetch(PriceQuery("GOOG"))))) or None)
