"""Whether this machine has a graphics card that XGBoost can use."""

import ctypes

from quant.errors import ModelError

_DRIVER = "libcuda.so.1"


def require_gpu() -> None:
    """Refuse if there is no graphics card that XGBoost can use: it would quietly take the processor instead.

    Raises
    ------
    ModelError
        If XGBoost was built without CUDA, or no card answers.
    """
    import xgboost  # noqa: PLC0415  # a second of import

    found = None if xgboost.build_info().get("USE_CUDA") else "an XGBoost that was built without CUDA"
    found = found or (None if count_cards() else "no card that answers")
    if found:
        raise ModelError(
            f"Expected a graphics card for the device gpu; found {found} on this worker. Choose the device cpu, which "
            "every worker has."
        )


def count_cards() -> int:
    """Return how many cards the driver of NVIDIA knows; 0 if there is no driver."""
    try:
        driver = ctypes.CDLL(_DRIVER)
    except OSError:
        return 0
    n_cards = ctypes.c_int(0)
    if driver.cuInit(0) != 0 or driver.cuDeviceGetCount(ctypes.byref(n_cards)) != 0:
        return 0
    return n_cards.value
