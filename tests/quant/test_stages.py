import json
from contextlib import contextmanager
from importlib.metadata import version

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from quant.errors import ModelError
from quant.stages import (
    MemoryStore,
    NoPeers,
    StageOutput,
    Step,
    canonical_json,
    hash_frame,
    hash_json,
    hash_output,
    numeric_versions,
    obtain,
    pack_bytes,
    stage_key,
    unpack_bytes,
)

INDEX = pd.date_range("2012-01-02 21:00", periods=8, tz="UTC", name="timestamp").as_unit("us")


def panel(n_rows=8):
    return pd.DataFrame(
        {
            "number": np.linspace(-1.0, 1.0, n_rows),
            "unknown": [np.nan, *np.arange(n_rows - 1.0)],
            "count": np.arange(n_rows),
            "flag": np.arange(n_rows) % 2 == 0,
            "until": INDEX[:n_rows].to_series().shift(-1).to_numpy(),
            "session": INDEX[:n_rows].tz_localize(None).normalize(),
            "side": ["long", "short"] * (n_rows // 2),
        },
        index=pd.MultiIndex.from_arrays(
            [INDEX[:n_rows], np.zeros(n_rows, dtype=np.int64)], names=["timestamp", "instrument"]
        ),
    )


def test_the_hash_of_a_known_frame_never_changes():
    assert hash_frame(panel()) == "7587ca9c69a66a9d273476a477092a32761c28e6a76d072fffbb30bf65477266"


def test_memory_layout_does_not_matter():
    frame = panel()
    known = hash_frame(frame)
    assert hash_frame(frame.copy()) == known
    assert hash_frame(frame[::-1][::-1]) == known
    assert hash_frame(pd.concat([frame[:3], frame[3:]])) == known
    assert hash_frame(frame[list(frame)[::-1]][list(frame)]) == known
    block = np.asfortranarray(np.arange(12.0).reshape(4, 3))
    assert hash_frame(pd.DataFrame(block)) == hash_frame(pd.DataFrame(np.ascontiguousarray(block)))
    assert hash_frame(pd.DataFrame({"a": block[::2, 0]})) == hash_frame(pd.DataFrame({"a": [0.0, 6.0]}))
    big_endian = pd.DataFrame({"a": np.array([1.5, -2.5], dtype=">f8"), "b": np.array([1, -2], dtype=">i8")})
    assert hash_frame(big_endian) == hash_frame(pd.DataFrame({"a": [1.5, -2.5], "b": [1, -2]}))


@pytest.mark.parametrize("compression", ["none", "zstd"])
def test_a_trip_through_a_parquet_file_does_not_matter(tmp_path, compression):
    frame = panel()
    frame.to_parquet(tmp_path / "frame.parquet", compression=compression)
    assert hash_frame(pd.read_parquet(tmp_path / "frame.parquet")) == hash_frame(frame)


NUMBERS = st.one_of(st.floats(allow_nan=True, allow_infinity=True), st.sampled_from([0.0, -0.0, np.nan]))


@given(columns=st.lists(st.lists(NUMBERS, min_size=4, max_size=4), min_size=1, max_size=4))
def test_any_floats_survive_layout_and_file(columns, tmp_path_factory):
    frame = pd.DataFrame({f"column {position}": column for position, column in enumerate(columns)}, index=INDEX[:4])
    path = tmp_path_factory.mktemp("floats") / "frame.parquet"
    frame.to_parquet(path)
    assert hash_frame(pd.read_parquet(path)) == hash_frame(frame)
    assert hash_frame(frame.T.copy().T.astype("float64").set_index(frame.index)) == hash_frame(frame)


@given(
    values=st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=6),
    row=st.integers(0, 5),
    change=st.sampled_from(["next float", "nan", "negated"]),
)
def test_every_cell_matters(values, row, change):
    frame = pd.DataFrame({"a": values})
    row %= len(values)
    new = {"next float": np.nextafter(values[row], np.inf), "nan": np.nan, "negated": -values[row] - 1.0}[change]
    changed = frame.copy()
    changed.iloc[row, 0] = new
    assert (hash_frame(changed) == hash_frame(frame)) == (new == values[row])


def test_every_column_of_every_type_matters():
    frame = panel()
    known = hash_frame(frame)
    changes = {
        "number": -2.0,
        "unknown": 0.0,
        "count": 99,
        "flag": False,
        "until": pd.Timestamp("2020-01-01", tz="UTC"),
        "session": pd.Timestamp("2020-01-01"),
        "side": "flat",
    }
    assert set(changes) == set(frame)
    for column, value in changes.items():
        changed = frame.copy()
        changed.iloc[0, changed.columns.get_loc(column)] = value
        assert hash_frame(changed) != known, column


def test_names_order_types_and_index_matter():
    frame = pd.DataFrame({"a": [1.0, 2.0], "b": [3.0, 4.0]}, index=pd.Index([5, 6], name="i"))
    others = [
        frame.rename(columns={"a": "c"}),
        frame[["b", "a"]],
        frame[::-1],
        frame[:1],
        frame.astype({"a": "int64"}),
        frame.astype({"a": "float32"}),
        frame.astype({"a": "str"}),
        frame.rename_axis("j"),
        frame.rename_axis(None),
        frame.reset_index(),
        frame.reset_index(drop=True),
        frame.set_index("a"),
        frame.set_index(pd.DatetimeIndex(["2012-01-02", "2012-01-03"], name="i")),
        frame.set_index(pd.DatetimeIndex(["2012-01-02", "2012-01-03"], name="i", tz="UTC")),
        frame[["a"]],
        frame.rename(columns={"a": 1}),
        frame.rename(columns={"a": "1"}),
    ]
    hashes = [hash_frame(other) for other in (frame, *others)]
    assert len(set(hashes)) == len(hashes)


def test_zero_has_no_sign_and_nan_no_bits():
    quiet = np.frombuffer(np.array([0x7FF8000000000001], dtype=np.uint64).tobytes(), dtype=np.float64)
    assert hash_frame(pd.DataFrame({"a": [0.0]})) == hash_frame(pd.DataFrame({"a": [-0.0]}))
    assert hash_frame(pd.DataFrame({"a": quiet})) == hash_frame(pd.DataFrame({"a": [np.nan]}))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (["a\x00b", "c"], ["a", "b\x00c"]),
        (["1:a", ""], ["", "1:a"]),
        (["ab", "c"], ["a", "bc"]),
        (["", None], [None, ""]),
        (["missing:"], [None]),
        (["nan"], [np.nan]),
    ],
)
def test_strings_do_not_run_together(one, other):
    assert hash_frame(pd.DataFrame({"a": one})) != hash_frame(pd.DataFrame({"a": other}))


@given(first=st.lists(st.text(max_size=3), max_size=3), second=st.lists(st.text(max_size=3), max_size=3))
def test_columns_of_strings_are_equal_only_if_they_are(first, second):
    hashes = [hash_frame(pd.DataFrame({"a": pd.Series(values, dtype="object")})) for values in (first, second)]
    assert (hashes[0] == hashes[1]) == (first == second)


def test_strings_are_equal_whatever_holds_them():
    frame = pd.DataFrame({"a": ["x", None, "ü"]})
    assert hash_frame(frame.astype("object")) == hash_frame(frame.astype("str"))


def test_the_unit_of_a_timestamp_does_not_matter_but_what_it_says_does():
    frame = pd.DataFrame({"a": INDEX})
    assert hash_frame(pd.DataFrame({"a": INDEX.as_unit("ns")})) == hash_frame(frame)
    assert hash_frame(pd.DataFrame({"a": INDEX.tz_convert("Asia/Tokyo")})) != hash_frame(frame)
    assert hash_frame(pd.DataFrame({"a": INDEX.tz_localize(None)})) != hash_frame(frame)
    finer = pd.DataFrame({"a": [pd.Timestamp("2012-01-02 00:00:00.000000001")]})
    with pytest.raises(TypeError, match="whole microseconds in column 'a'"):
        hash_frame(finer)


@pytest.mark.parametrize(
    "values",
    [
        pd.Series([{"a": 1}]),
        pd.Series(["a", 1], dtype="object"),
        pd.Series(["a"], dtype="category"),
        pd.Series([1, None], dtype="Int64"),
        pd.Series([1j]),
        pd.Series([pd.Timedelta(1)]),
        pd.Series([1.0], dtype=np.longdouble),
    ],
    ids=["dict", "mixed", "category", "nullable", "complex", "duration", "wide"],
)
def test_what_has_no_canonical_bytes_is_refused(values):
    with pytest.raises(TypeError, match="column 'a'"):
        hash_frame(pd.DataFrame({"a": values}))


def test_names_that_are_no_names_are_refused():
    with pytest.raises(TypeError, match="name of a column"):
        hash_frame(pd.DataFrame({("a", "b"): [1.0]}))


def test_empty_frames_differ_by_what_they_would_hold():
    empty = [pd.DataFrame(), pd.DataFrame({"a": []}), pd.DataFrame({"b": []}), pd.DataFrame(index=INDEX[:0])]
    assert len({hash_frame(frame) for frame in empty}) == len(empty)


def test_hashing_leaves_the_frame_alone():
    frame = panel()
    before = frame.copy()
    hash_frame(frame)
    pd.testing.assert_frame_equal(frame, before, check_exact=True)


def test_canonical_json():
    assert canonical_json({"b": [1, 0.1, None, True], "a": "ü"}) == '{"a":"ü","b":[1,0.1,null,true]}'
    assert hash_json({"a": 1, "b": 2}) == hash_json({"b": 2, "a": 1})
    assert hash_json([1, 2]) != hash_json([2, 1])
    assert json.loads(canonical_json(0.1 + 0.2)) == 0.1 + 0.2
    with pytest.raises(ValueError, match="not JSON compliant"):
        canonical_json(float("nan"))


def test_the_hash_of_an_output_is_of_its_frames_and_facts():
    output = StageOutput({"a": panel(), "b": panel(4)}, {"n": 1})
    known = hash_output(output)
    assert hash_output(StageOutput({"b": panel(4), "a": panel()}, {"n": 1})) == known
    assert hash_output(StageOutput({"a": panel(4), "b": panel()}, {"n": 1})) != known
    assert hash_output(StageOutput({"a": panel(), "b": panel(4)}, {"n": 2})) != known


def test_a_stage_key_knows_everything_that_went_in(monkeypatch):
    known = stage_key("features", version=1, spec={"window": 5}, inputs={"prices": "a"})
    assert stage_key("features", version=1, spec={"window": 5}, inputs={"prices": "a"}) == known
    others = [
        stage_key("labels", version=1, spec={"window": 5}, inputs={"prices": "a"}),
        stage_key("features", version=2, spec={"window": 5}, inputs={"prices": "a"}),
        stage_key("features", version=1, spec={"window": 6}, inputs={"prices": "a"}),
        stage_key("features", version=1, spec={"window": 5}, inputs={"prices": "b"}),
        stage_key("features", version=1, spec={"window": 5}, inputs={"labels": "a"}),
    ]
    monkeypatch.setattr("quant.stages.numeric_versions", lambda: {**numeric_versions(), "numpy": "0"})
    others.append(stage_key("features", version=1, spec={"window": 5}, inputs={"prices": "a"}))
    assert len({known, *others}) == 7


def test_the_numeric_libraries_are_those_that_are_installed():
    versions = numeric_versions()
    assert set(versions) == {"numpy", "pandas", "scipy", "numba", "scikit-learn", "xgboost"}
    assert versions["pandas"] == version("pandas") == pd.__version__


def test_a_memory_store_keeps_the_first_output_of_a_key():
    store = MemoryStore()
    assert store.get("key") is None
    store.put("key", StageOutput({"a": panel()}, {"n": 1}))
    store.put("key", StageOutput({}, {"n": 2}))
    found = store.get("key")
    pd.testing.assert_frame_equal(found.frames["a"], panel(), check_exact=True)
    assert found.facts == {"n": 1}


def test_what_a_memory_store_keeps_cannot_be_spoilt_from_outside():
    store = MemoryStore()
    frame, facts = panel(), {"folds": [1, 2]}
    store.put("key", StageOutput({"a": frame}, facts))
    known = hash_output(store.get("key"))
    frame.iloc[0, 0] = 99.0
    facts["folds"].append(3)
    found = store.get("key")
    found.frames["a"].iloc[1, 0] = 99.0
    found.facts["folds"].append(4)
    assert hash_output(store.get("key")) == known


class Others(NoPeers):
    """Others compute some stages; at the second look in vain something happens."""

    def __init__(self, store, others, on_second_look=lambda: None):
        self.store, self.others, self.on_second_look = store, set(others), on_second_look
        self.n_looks = 0

    @contextmanager
    def claim(self, wanted):
        free = [key for key in wanted if key not in self.others and key not in self.store.outputs]
        if not free:
            self.n_looks += 1
            if self.n_looks == 2:
                self.on_second_look()
        yield free[0] if free else None


def step(key, computed):
    def compute():
        computed.append(key)
        return StageOutput(facts={"key": key})

    return Step(key, "kind", compute)


def test_a_stage_is_computed_once_and_then_found():
    store, computed = MemoryStore(), []
    outputs = [obtain(store, NoPeers(), step("a", computed)) for _ in range(2)]

    assert [output.facts["key"] for output in outputs] == ["a", "a"]
    assert computed == ["a"]


def test_what_another_computes_is_waited_for_and_what_comes_next_is_computed_meanwhile():
    store, computed = MemoryStore(), []
    others = Others(store, {"a", "c"}, lambda: store.put("a", StageOutput(facts={"key": "a of another"})))

    output = obtain(store, others, *(step(key, computed) for key in "abcd"))
    assert output.facts == {"key": "a of another"}
    assert computed == ["b", "d"]
    assert set(store.outputs) == {"a", "b", "d"}


def test_a_stage_of_one_who_died_is_taken_over():
    store, computed = MemoryStore(), []
    others = Others(store, {"a"})
    others.on_second_look = others.others.clear

    assert obtain(store, others, step("a", computed)).facts == {"key": "a"}
    assert computed == ["a"]


def test_what_does_not_fit_is_an_error_when_it_is_wanted_and_not_before():
    def fail():
        raise ModelError("Expected a model that fits.")

    store, broken = MemoryStore(), Step("b", "kind", fail)
    others = Others(store, {"a"}, lambda: store.put("a", StageOutput()))
    assert obtain(store, others, step("a", []), broken) == StageOutput()
    with pytest.raises(ModelError):
        obtain(store, others, broken)


def test_without_peers_there_is_nobody_to_offer_to():
    alone = NoPeers()
    alone.offer({"a": "kind"})
    alone.withdraw()
    assert not alone.is_begun("a")


@given(st.binary(max_size=40))
def test_bytes_survive_being_a_frame(data):
    frame = pack_bytes(data)
    assert unpack_bytes(frame, len(data)) == data
    assert hash_frame(frame) == hash_frame(pack_bytes(data))
