"""How long a running job has taken, and about how long it will go on: by its own speed, not by somebody's guess."""

import datetime

from webapp.services.workflow import STAGES, Status
from webapp.tables import Acquisition, Analysis, Document

_ENOUGH = 0.03  # of the whole, before which its speed says nothing
_ENOUGH_OF_STAGE = 0.05
_AT_ONCE_SECONDS = 0.1  # what takes less was found in the store: it says nothing about what has to be computed
_WHOLE = sum(STAGES.values())
_BEGINS = {name: sum(list(STAGES.values())[:place]) / _WHOLE for place, name in enumerate(STAGES)}


def elapsed_seconds(row: Analysis | Acquisition | Document, now: datetime.datetime) -> float | None:
    """Return the seconds since a job was first begun, up to its end; None if it never was."""
    began = (row.first_started_at if isinstance(row, Analysis) else None) or row.started_at
    return ((row.finished_at or now) - began).total_seconds() if began else None


def eta_seconds(row: Analysis | Acquisition, now: datetime.datetime) -> float | None:
    """Return about how many seconds remain.

    Parameters
    ----------
    row : Analysis or Acquisition
        The job.
    now : datetime
        The database's moment.

    Returns
    -------
    float or None
        None unless it runs and has done enough for its speed to be known. The rest of the stage goes on as this
        attempt's part of it went; later stages take what their share of a usual run says, at the speed of those that
        this attempt has computed.
    """
    if row.status != Status.RUNNING or row.started_at is None:
        return None
    passed = (now - row.started_at).total_seconds()
    if isinstance(row, Acquisition) or row.stage not in STAGES:
        return _simply(passed, row.progress)
    if row.progress - row.progress_before < _ENOUGH:
        return None
    weight = STAGES[row.stage] / _WHOLE
    spent = {name: seconds for name, seconds in row.stage_seconds.items() if name != row.stage and name in STAGES}
    in_stage = max(0.0, passed - sum(spent.values()))
    computed = {name: seconds for name, seconds in spent.items() if seconds >= _AT_ONCE_SECONDS}
    before = max(0.0, (row.progress_before - _BEGINS[row.stage]) / weight)  # what an earlier attempt did of this stage
    done_of_stage = row.stage_fraction - before
    later = max(0.0, 1.0 - _BEGINS[row.stage] - weight)
    done = sum(STAGES[name] for name in computed) / _WHOLE + max(0.0, done_of_stage) * weight
    if done <= 0.0:
        return passed * (1.0 - row.progress) / (row.progress - row.progress_before)
    speed = (sum(computed.values()) + in_stage) / done  # seconds for the whole
    if done_of_stage >= _ENOUGH_OF_STAGE:
        rest = in_stage * (1.0 - row.stage_fraction) / done_of_stage
    else:
        rest = max(0.0, weight * (1.0 - row.stage_fraction) * speed)
    return rest + later * speed


def _simply(passed: float, progress: float) -> float | None:
    return passed * (1.0 - progress) / progress if progress >= _ENOUGH_OF_STAGE else None
