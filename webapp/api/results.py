"""Answers: the facts, and the tables in full length as JSON or CSV."""

from http import HTTPStatus

import pandas as pd
from flask import Response

from webapp.api.answers import is_known, not_modified, table, tagged, to_json
from webapp.api.columns import PredictionColumns, TradeColumns, View
from webapp.api.operations import NOT_NOW, Answer, operation
from webapp.api.result_schemas import EquityTable, PredictionTable, Results, TableQuery, TradeQuery, TradeTable
from webapp.auth.session import current_actor, parts, read
from webapp.permissions import Permission
from webapp.services import results
from webapp.services.exports import with_symbols
from webapp.services.results import ResultView
from webapp.services.trade_lists import TradeFilter, read_trades


def _answers(description: str, body: type[View], *media_types: str) -> dict[int, Answer]:
    return {HTTPStatus.OK: Answer(description, body, ("application/json", *media_types))}


@operation(
    "GET",
    "/analyses/<analysis_id>/results",
    tag="Results",
    summary="Read the facts of an answer",
    permission=Permission.ANALYSES_READ,
    answers=_answers("Verdict, metrics, and what they rest on.", Results),
    refusals=NOT_NOW,
)
def get_results(analysis_id: str) -> Response:
    """Return verdict, metrics, the chosen model, scores, audit and certificates, the data, hashes and versions."""
    view = _load(analysis_id, looks_for_likeness=True)
    # The ledger goes on counting trials on the same prices after the answer was given.
    tag = f"{view.result_hash}-results-{view.n_ledger_trials}"
    if is_known(tag):
        return not_modified(tag)
    values = {
        **view.facts,
        **vars(view),
        "deflated_by_ledger": view.deflated_by_ledger,
        "deflated_by_independent": view.deflated_by_independent,
    }
    return tagged(to_json(Results.model_validate(values)), tag)


@operation(
    "GET",
    "/analyses/<analysis_id>/equity",
    tag="Results",
    summary="Read the equity curve",
    permission=Permission.ANALYSES_READ,
    query=TableQuery,
    answers=_answers("Every bar of the out-of-sample curve and its benchmark.", EquityTable, "text/csv"),
    refusals=NOT_NOW,
)
def get_equity(analysis_id: str, query: TableQuery) -> Response:
    """Return the equity curve of the walk-forward models, after costs, beside the benchmark. Never truncated."""
    view = _load(analysis_id, "equity")
    return _table(view, "equity", view.frames["equity"].reset_index(), query)


@operation(
    "GET",
    "/analyses/<analysis_id>/trades",
    tag="Results",
    summary="Read the trades",
    permission=Permission.ANALYSES_READ,
    query=TradeQuery,
    answers=_answers("Every round trip that matches.", TradeTable, "text/csv"),
    refusals=NOT_NOW,
)
def get_trades(analysis_id: str, query: TradeQuery) -> Response:
    """Return the round trips that match, all of them unless something is asked for. Never truncated."""
    asked = query.model_dump(exclude={"format", "order", "sense"})
    wanted = TradeFilter(**asked)
    with read() as session:
        found = read_trades(
            session,
            parts().store,
            current_actor(),
            analysis_id,
            wanted,
            order=query.order,
            descending=query.sense == "descending",
        )
    view = found.result
    # Older answers do not say why a trade ended.
    frame = with_symbols(view, found.trades).reindex(columns=list(TradeColumns.model_fields))
    version = f"{view.result_hash}-{wanted.key}-{query.order}-{query.sense}"
    return table(frame, name=f"trades-{view.id}", version=version, wanted=query.format)


@operation(
    "GET",
    "/analyses/<analysis_id>/predictions",
    tag="Results",
    summary="Read the predictions",
    permission=Permission.ANALYSES_READ,
    query=TableQuery,
    answers=_answers("Every out-of-sample prediction.", PredictionTable, "text/csv"),
    refusals=NOT_NOW,
)
def get_predictions(analysis_id: str, query: TableQuery) -> Response:
    """Return the predictions by time and instrument, the signals made of them and what happened. Never truncated."""
    view = _load(analysis_id, "predictions")
    frame = with_symbols(view, view.frames["predictions"].reset_index())
    # What a model of this kind does not say is unknown: every answer has the same columns.
    return _table(view, "predictions", frame.reindex(columns=list(PredictionColumns.model_fields)), query)


def _load(analysis_id: str, *frames: str, looks_for_likeness: bool = False) -> ResultView:
    with read() as session:
        return results.load(
            session, parts().store, current_actor(), analysis_id, frames, looks_for_likeness=looks_for_likeness
        )


def _table(view: ResultView, name: str, frame: pd.DataFrame, query: TableQuery) -> Response:
    return table(frame, name=f"{name}-{view.id}", version=view.result_hash, wanted=query.format)
