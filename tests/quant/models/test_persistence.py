import hashlib
import io
import zipfile

import numpy as np
import pytest
from sklearn.dummy import DummyClassifier
from sklearn.pipeline import Pipeline
from skops import io as archive

from quant.errors import ModelError
from quant.models.build import build
from quant.models.calibration import calibrated
from quant.models.catalog import MODELS, LogisticRegression, XgBoost, XgBoostRegression
from quant.models.persistence import TRUSTED, from_bytes, to_bytes
from quant.transforms.build import build_steps
from quant.transforms.catalog import TRANSFORMS

FEWER = {"n_trees": 10, "n_rounds": 10, "forest": False, "boosting": False, "neighbours": True}
SPECS = [entry(**{name: few for name, few in FEWER.items() if name in entry.model_fields}) for entry in MODELS]
SPECS += [XgBoost(n_rounds=20, stop_early=True), XgBoostRegression(n_rounds=20, stop_early=True)]


def said(model, rows):
    return model.predict_proba(rows) if hasattr(model, "classes_") else model.predict(rows)


def fitted(spec, rows, *transforms):
    features, labels = rows[0].to_numpy(), rows[1]
    pipeline = build(spec, seed=3)
    pipeline.steps[:0] = build_steps(transforms, learns=spec.learns, seed=3)
    return pipeline.fit(features, labels)


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: f"{spec.name}{'_early' * getattr(spec, 'stop_early', 0)}")
def test_a_model_says_the_same_bit_for_bit_after_it_was_stored(spec, rows):
    model = fitted(spec, rows)
    again = from_bytes(*to_bytes(model))
    assert np.array_equal(said(again, rows[0].to_numpy()), said(model, rows[0].to_numpy()))


def test_so_do_the_steps_of_its_preparation(rows):
    model = fitted(LogisticRegression(), rows, *(entry() for entry in TRANSFORMS))
    again = from_bytes(*to_bytes(model))
    assert np.array_equal(said(again, rows[0].to_numpy()), said(model, rows[0].to_numpy()))


def test_the_list_has_no_type_that_nothing_needs(rows):
    needed = set()
    for spec in SPECS:
        needed |= set(archive.get_untrusted_types(data=to_bytes(fitted(spec, rows))[0]))
    calibrating = calibrated(build(LogisticRegression(), seed=3), method="isotonic", n_parts=3, gap=0)
    needed |= set(archive.get_untrusted_types(data=to_bytes(calibrating.fit(*map(np.asarray, rows)))[0]))
    steps = fitted(LogisticRegression(), rows, *(entry() for entry in TRANSFORMS))
    assert needed | set(archive.get_untrusted_types(data=to_bytes(steps)[0])) == set(TRUSTED)


def test_bytes_that_were_changed_are_refused(rows):
    data, digest = to_bytes(fitted(LogisticRegression(), rows))
    changed = bytearray(data)
    changed[len(data) // 2] ^= 1
    with pytest.raises(ModelError, match="which are damaged or another's"):
        from_bytes(bytes(changed), digest)


@pytest.mark.parametrize("data", [b"", b"\x80\x04\x95pickle", b"no archive at all"])
def test_what_is_no_archive_is_refused(data):
    with pytest.raises(ModelError, match="found bytes that are none"):
        from_bytes(data, hashlib.sha256(data).hexdigest())


def test_an_archive_without_a_model_is_refused():
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as empty:
        empty.writestr("readme.txt", "nothing")
    with pytest.raises(ModelError, match="found an archive that is none"):
        from_bytes(file.getvalue(), hashlib.sha256(file.getvalue()).hexdigest())


class Stranger(DummyClassifier):
    """A type that no model of this house has."""

    made = 0

    def __setstate__(self, state):
        type(self).made += 1
        super().__setstate__(state)


def test_a_type_that_is_not_on_the_list_is_refused_before_it_is_made(rows):
    stranger = Pipeline([("model", Stranger())]).fit(*rows)
    data = archive.dumps(stranger)
    with pytest.raises(ModelError, match=r"found .*Stranger"):
        from_bytes(data, hashlib.sha256(data).hexdigest())
    with pytest.raises(ModelError, match="Stranger"):
        to_bytes(stranger)
    assert Stranger.made == 0


@pytest.mark.parametrize("arrays", ["lacking", "damaged"])
def test_an_archive_without_sound_arrays_is_refused(rows, arrays):
    file = io.BytesIO()
    stored = io.BytesIO(to_bytes(fitted(LogisticRegression(), rows))[0])
    with zipfile.ZipFile(stored) as whole, zipfile.ZipFile(file, "w") as changed:
        for name in whole.namelist():
            if not name.endswith(".npy"):
                changed.writestr(name, whole.read(name))
            elif arrays == "damaged":
                changed.writestr(name, b"no array")
    what = "that is none" if arrays == "lacking" else "of which none can be made"
    with pytest.raises(ModelError, match=f"found an archive {what}"):
        from_bytes(file.getvalue(), hashlib.sha256(file.getvalue()).hexdigest())


def test_a_harmless_thing_that_is_no_model_is_refused():
    data = archive.dumps({"a": 1})
    with pytest.raises(ModelError, match="Expected a stored pipeline; found dict"):
        from_bytes(data, hashlib.sha256(data).hexdigest())
