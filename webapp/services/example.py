"""The example analysis: what a newcomer finds when they sign in for the first time."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from quant.spec import AnalysisSpec
from webapp.permissions import Actor
from webapp.services import analyses
from webapp.tables import Analysis

TITLE = "Example: does anything predict GOOG?"
SYMBOL = "GOOG"


def example_spec() -> AnalysisSpec:
    """Return the question: one packaged instrument, and every default."""
    return AnalysisSpec.model_validate({"instruments": [{"symbol": SYMBOL}]})


def submit_if_first(session: Session, actor: Actor) -> str | None:
    """Put the example into the queue if nobody has asked anything yet.

    Parameters
    ----------
    session : Session
        A writing transaction.
    actor : Actor
        Who will own it.

    Returns
    -------
    str or None
        Public id of the analysis; None if there is one already. The caller sends the work message after the commit.

    Raises
    ------
    PermissionDenied
        If the actor may not run analyses.
    InvalidInput
        If the packaged prices have not been loaded.
    """
    if session.scalar(select(Analysis.id).limit(1)) is not None:
        return None
    return analyses.submit(session, actor, example_spec(), title=TITLE)
