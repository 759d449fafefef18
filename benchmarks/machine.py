"""What the numbers were measured on: processor, memory and versions; no names and no paths of the machine."""

import datetime
import os
import platform
from importlib.metadata import version
from pathlib import Path

import psutil

_DISTRIBUTIONS = (
    *("numpy", "pandas", "scipy", "numba", "scikit-learn", "pyarrow", "sqlalchemy", "celery", "redis", "gunicorn"),
    *("flask", "dash", "plotly", "ta-lib", "empyrical-reloaded"),
)


def circumstances() -> dict[str, str]:
    """Return the day, the machine's facts, and how busy others keep it now."""
    return {
        "day": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "processor": f"{_processor()}, {os.cpu_count()} cores",
        "memory": f"{psutil.virtual_memory().total / 1024**3:.0f} GiB",
        "system": f"{platform.system()} on {platform.machine()}",
        "load": f"{os.getloadavg()[0]:.1f}",
    }


def versions() -> dict[str, str]:
    """Return the versions of Python and of the libraries that the numbers depend on."""
    booster = "xgboost" if platform.system() == "Darwin" else "xgboost-cpu"
    return {"Python": platform.python_version(), **{name: version(name) for name in (*_DISTRIBUTIONS, booster)}}


def _processor() -> str:
    cpus = Path("/proc/cpuinfo")
    if cpus.exists():
        for line in cpus.read_text().splitlines():
            name, _, value = line.partition(":")
            if name.strip() == "model name":
                return value.strip()
    return platform.processor() or platform.machine()
