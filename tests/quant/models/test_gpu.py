import pytest
import xgboost

from quant.errors import ModelError
from quant.models import gpu
from quant.models.build import build
from quant.models.catalog import XgBoost


def test_a_graphics_card_that_is_not_there_is_refused_by_name(monkeypatch):
    monkeypatch.setattr(xgboost, "build_info", lambda: {"USE_CUDA": True})
    monkeypatch.setattr(gpu, "_DRIVER", "libthere-is-none.so")
    assert gpu.count_cards() == 0
    with pytest.raises(ModelError, match="Expected a graphics card for the device gpu; found no card that answers"):
        build(XgBoost(device="gpu"), seed=1)


def test_an_xgboost_without_cuda_is_refused_by_name(monkeypatch):
    monkeypatch.setattr(xgboost, "build_info", lambda: {"USE_CUDA": False})
    with pytest.raises(ModelError, match="found an XGBoost that was built without CUDA on this worker"):
        gpu.require_gpu()


def test_with_a_card_the_booster_is_told_so(monkeypatch):
    monkeypatch.setattr(xgboost, "build_info", lambda: {"USE_CUDA": True})
    monkeypatch.setattr(gpu, "count_cards", lambda: 1)
    assert build(XgBoost(device="gpu"), seed=1).named_steps["model"].get_params()["device"] == "cuda"
