"""The product's worker with a stopwatch in it: `celery -A benchmarks.timed_worker worker`.

It runs the same tasks; only where their time goes is written down, to a file in the home folder.
"""

from unittest import mock

from benchmarks.stopwatch import REPORT, timed
from quant.analysis import run_analysis
from tasks import analyses, app
from webapp.config import load_settings

__all__ = ["app"]

mock.patch.object(analyses, "run_analysis", timed(run_analysis, load_settings().home / REPORT)).start()
