"""Tables of an answer to take away: which there are, and their rows."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import pandas as pd
from sqlalchemy.orm import Session

from quant.frames import PANEL_LEVELS
from webapp.errors import NotFound
from webapp.permissions import Actor
from webapp.services import results
from webapp.services.results import ResultView
from webapp.storage import FrameStore


@dataclass(frozen=True)
class ExportTable:
    """A table that can be taken away: what it is called, the frame it needs, and how its rows come out of it."""

    title: str
    frame: str | None
    rows: Callable[[ResultView], pd.DataFrame]
    is_on_request: bool = False  # few answers have it


@dataclass(frozen=True)
class Export:
    """A table of an answer with all of its rows; `result_hash` changes when they do."""

    analysis_id: str
    name: str
    result_hash: str
    rows: pd.DataFrame


def _frame(name: str) -> Callable[[ResultView], pd.DataFrame]:
    def rows(view: ResultView) -> pd.DataFrame:
        frame = view.frames[name]
        is_indexed = any(frame.index.names)
        return with_symbols(view, frame.reset_index() if is_indexed else frame.reset_index(drop=True))

    return rows


def _returns(view: ResultView) -> pd.DataFrame:
    return view.frames["equity"][["return", "benchmark_return"]].reset_index()


def _metrics(view: ResultView) -> pd.DataFrame:
    columns = ["name", "segment", "value", "benchmark_value"]
    return pd.DataFrame(view.facts["metrics"], columns=columns).astype({"value": float, "benchmark_value": float})


TABLES: Mapping[str, ExportTable] = {
    "equity": ExportTable("Equity curve", "equity", _frame("equity")),
    "returns": ExportTable("Returns", "equity", _returns),
    "trades": ExportTable("Trades", "trades", _frame("trades")),
    "fills": ExportTable("Fills", "fills", _frame("fills")),
    "predictions": ExportTable("Predictions", "predictions", _frame("predictions")),
    "metrics": ExportTable("Metrics", None, _metrics),
    "monthly_returns": ExportTable("Monthly returns", "monthly_returns", _frame("monthly_returns")),
    "yearly_returns": ExportTable("Yearly returns", "yearly_returns", _frame("yearly_returns")),
    "stress": ExportTable("Stress windows", "stress", _frame("stress")),
    "correlations": ExportTable("Correlations of instruments", "correlations", _frame("correlations")),
    "drawdowns": ExportTable("Drawdowns", "drawdowns", _frame("drawdowns")),
    "rolling": ExportTable("Rolling measures", "rolling", _frame("rolling")),
    "folds": ExportTable("Walk-forward folds", "fold_scores", _frame("fold_scores")),
    "trials": ExportTable("Trials", "candidates", _frame("candidates")),
    "trial_folds": ExportTable("Purged folds of the trials", "cv_scores", _frame("cv_scores")),
    "sweep": ExportTable("Combinations of a sweep", "sweep", _frame("sweep"), is_on_request=True),
    "importance": ExportTable("Feature importance", "importance", _frame("importance")),
    "partial_dependence": ExportTable(
        "Partial dependence", "partial_dependence", _frame("partial_dependence"), is_on_request=True
    ),
    "decision_boundary": ExportTable(
        "Decision boundary", "decision_boundary", _frame("decision_boundary"), is_on_request=True
    ),
    "shap": ExportTable("What features add (SHAP)", "shap", _frame("shap"), is_on_request=True),
    "single_feature": ExportTable("Each feature alone", "single_feature", _frame("single_feature"), is_on_request=True),
    "clusters": ExportTable("Importance of groups of features", "clusters", _frame("clusters"), is_on_request=True),
    "learning_curve": ExportTable("Learning curve", "learning_curve", _frame("learning_curve"), is_on_request=True),
    "coverage": ExportTable("Coverage of the intervals", "coverage", _frame("coverage")),
    "quantile_coverage": ExportTable(
        "Coverage of the quantile bands", "quantile_coverage", _frame("quantile_coverage"), is_on_request=True
    ),
    "prices": ExportTable("Prices that were used", "prices", _frame("prices")),
}


def read_table(session: Session, store: FrameStore, actor: Actor, analysis_id: str, name: str) -> Export:
    """Return a table of an answer with every row it has.

    Parameters
    ----------
    session : Session
        A transaction; reading is enough.
    store : FrameStore
        Where answers are kept.
    actor : Actor
        Who asks; must be allowed to read the analysis.
    analysis_id : str
        Public id of the analysis.
    name : str
        One of `TABLES`.

    Returns
    -------
    Export
        The whole table: nothing is left out, however long it is.

    Raises
    ------
    NotFound
        If there is no such analysis that the actor may see, or no such table in its answer.
    Conflict
        If it has no answer (yet).
    """
    table = TABLES.get(name)
    view = results.load(session, store, actor, analysis_id, [table.frame] if table and table.frame else [])
    if table is None or (table.frame is not None and table.frame not in view.frames):
        raise NotFound(f"This answer has no table {name}. Tables are {', '.join(TABLES)}; some need what was left out.")
    return Export(view.id, name, view.result_hash, table.rows(view))


def with_symbols(view: ResultView, frame: pd.DataFrame) -> pd.DataFrame:
    """Return a table with the instruments' symbols beside their positions in the question, if it names any.

    Parameters
    ----------
    view : ResultView
        The answer.
    frame : DataFrame of shape (n_rows, n_columns)
        A table of it.

    Returns
    -------
    DataFrame of shape (n_rows, n_columns + 1)
        A copy with `symbol` after `instrument`; the table itself if no column has that name.
    """
    place = PANEL_LEVELS[1]
    if place not in frame:
        return frame
    symbols = [instrument["symbol"] for instrument in view.facts["data"]["instruments"]]
    frame = frame.copy()
    frame.insert(list(frame.columns).index(place) + 1, "symbol", [symbols[n] for n in frame[place]])
    return frame
