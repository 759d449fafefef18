"""Studies: many analyses from one grid, watched and commanded as one."""

import math
from http import HTTPStatus
from typing import Any

import pandas as pd
from flask import Response, url_for

from quant.portfolio.catalog import BooksSpec
from webapp import jobs
from webapp.api.answers import nothing, to_json
from webapp.api.operations import NOT_NOW, NOT_THERE, Answer, operation
from webapp.api.reading import PageQuery
from webapp.api.study_schemas import (
    BoardQuery,
    HeatMap,
    HeatMapQuery,
    Leaderboard,
    MemberQuery,
    Overfitting,
    PortfolioCurves,
    PortfolioLeftOut,
    PortfolioMeasures,
    PortfolioMember,
    PortfolioQuery,
    Span,
    StudyDetail,
    StudyGrid,
    StudyItem,
    StudyList,
    StudyMember,
    StudyMemberList,
    StudyPortfolio,
    StudySize,
    StudySubmission,
)
from webapp.auth.session import client_address, current_actor, parts, read, write
from webapp.permissions import Permission
from webapp.services import studies, study_boards, study_portfolios, study_views
from webapp.services.study_views import StudyView
from webapp.services.workflow import Status

_AFTERWARDS = {200: Answer("The study afterwards.", StudyDetail)}


@operation(
    "POST",
    "/studies",
    tag="Studies",
    summary="Submit a study",
    permission=Permission.ANALYSES_RUN,
    body=StudySubmission,
    answers={
        HTTPStatus.ACCEPTED: Answer("It is in the queue.", StudyDetail, headers={"Location": "Where to watch it."})
    },
)
def submit_study(body: StudySubmission) -> Response:
    """Ask a question for every combination of values: all of them are put into the queue, or none.

    The analyses give way to those that somebody submits alone. Each counts its trials in the ledger.
    """
    with write() as session:
        view = studies.create(
            session,
            current_actor(),
            spec=body.spec,
            axes=body.axes,
            title=body.title,
            most=parts().settings.study_members_limit,
            address=client_address(),
        )
        parts().queue.send_after_commit(session, jobs.WORK, view.summary.counts[Status.QUEUED])
    return to_json(_detail(view), HTTPStatus.ACCEPTED, Location=url_for("api.get_study", study_id=view.id))


@operation(
    "POST",
    "/study-size",
    tag="Studies",
    summary="Measure a study",
    permission=Permission.ANALYSES_RUN,
    body=StudyGrid,
    answers={200: Answer("How large it would be.", StudySize)},
)
def measure_study(body: StudyGrid) -> Response:
    """Say how many analyses a study would have, or all of its mistakes, without submitting anything."""
    with read() as session:
        size = studies.measure(
            session, current_actor(), body.spec, body.axes, most=parts().settings.study_members_limit
        )
    return to_json(StudySize.model_validate(size))


@operation(
    "GET",
    "/studies",
    tag="Studies",
    summary="List studies",
    permission=Permission.ANALYSES_READ,
    query=PageQuery,
    answers={200: Answer("Your studies, newest first.", StudyList)},
)
def list_studies(query: PageQuery) -> Response:
    """Return your studies, and how far each of them is."""
    with read() as session:
        page = study_views.list_studies(session, current_actor(), limit=query.limit, cursor=query.cursor)
    return to_json(StudyList(items=[StudyItem.model_validate(item) for item in page.items], next=page.next))


@operation(
    "GET",
    "/studies/<study_id>",
    tag="Studies",
    summary="Watch a study",
    permission=Permission.ANALYSES_READ,
    answers={200: Answer("The study, its axes and its progress.", StudyDetail)},
    refusals=NOT_THERE,
)
def get_study(study_id: str) -> Response:
    """Return where a study is. Asking every two seconds is fine; `finished` changes only if you retry what failed."""
    with read() as session:
        view = study_views.get(session, current_actor(), study_id)
    return to_json(_detail(view))


@operation(
    "GET",
    "/studies/<study_id>/members",
    tag="Studies",
    summary="List the members of a study",
    permission=Permission.ANALYSES_READ,
    query=MemberQuery,
    answers={200: Answer("A page of members.", StudyMemberList)},
    refusals=NOT_THERE,
)
def list_members(study_id: str, query: MemberQuery) -> Response:
    """Return the analyses of a study in the order of its grid, with what failed and why."""
    with read() as session:
        page = study_views.list_members(
            session, current_actor(), study_id, status=query.status, limit=query.limit, cursor=query.cursor
        )
    return to_json(StudyMemberList(items=[StudyMember.model_validate(item) for item in page.items], next=page.next))


@operation(
    "GET",
    "/studies/<study_id>/leaderboard",
    tag="Studies",
    summary="Rank the members of a study",
    permission=Permission.ANALYSES_READ,
    query=BoardQuery,
    answers={200: Answer("The best first.", Leaderboard)},
    refusals=NOT_THERE,
)
def get_leaderboard(study_id: str, query: BoardQuery) -> Response:
    """Return the members, best first, by what they earned out of sample and after costs.

    The deflated Sharpe ratio is deflated by all trials of the study: the best of many is no better than it says.
    """
    with read() as session:
        board = study_boards.leaderboard(session, current_actor(), study_id, sort=query.sort)
    rows = board.rows[: query.limit]
    return to_json(Leaderboard.model_validate({**vars(board), "rows": rows, "n_members": len(board.rows)}))


@operation(
    "GET",
    "/studies/<study_id>/heat-map",
    tag="Studies",
    summary="Lay a study out over two axes",
    permission=Permission.ANALYSES_READ,
    query=HeatMapQuery,
    answers={200: Answer("A measure over two axes.", HeatMap)},
    refusals=NOT_THERE,
)
def get_heat_map(study_id: str, query: HeatMapQuery) -> Response:
    """Return a measure for each pair of values of two axes; other axes are summed up by their median or best."""
    with read() as session:
        board = study_boards.leaderboard(session, current_actor(), study_id, sort=query.measure)
        found = study_boards.heat_map(board, query.rows, query.columns, measure=query.measure, over=query.over)
    return to_json(HeatMap.model_validate(found))


@operation(
    "GET",
    "/studies/<study_id>/portfolio",
    tag="Studies",
    summary="Hold members of a study together",
    permission=Permission.ANALYSES_READ,
    query=PortfolioQuery,
    answers={200: Answer("What they would have earned together.", StudyPortfolio)},
    refusals=NOT_NOW,
)
def get_portfolio(study_id: str, query: PortfolioQuery) -> Response:
    """Return what members would have earned together: capital is divided among their curves, walking forward.

    Members are chosen by their scores on validation folds, never by what they earned; shares use only what was known.
    """
    spec = BooksSpec(**query.model_dump(exclude={"members"}))
    ids = [each for each in query.members.split(",") if each]
    with read() as session:
        found = study_portfolios.hold(session, parts().store, current_actor(), study_id, spec=spec, members=ids)
    return to_json(_portfolio(found))


@operation(
    "POST",
    "/studies/<study_id>/cancel",
    tag="Studies",
    summary="Cancel a study",
    permission=Permission.ANALYSES_RUN,
    answers=_AFTERWARDS,
    refusals=NOT_THERE,
)
def cancel_study(study_id: str) -> Response:
    """Stop all that has not ended; what has, stays. Asking twice changes nothing."""
    with write() as session:
        view = studies.cancel(session, current_actor(), study_id, address=client_address())
    return to_json(_detail(view))


@operation(
    "POST",
    "/studies/<study_id>/pause",
    tag="Studies",
    summary="Pause a study",
    permission=Permission.ANALYSES_RUN,
    answers=_AFTERWARDS,
    refusals=NOT_THERE,
)
def pause_study(study_id: str) -> Response:
    """Start nothing more until it is resumed; what runs, finishes. Asking twice changes nothing."""
    with write() as session:
        view = studies.pause(session, current_actor(), study_id, address=client_address())
    return to_json(_detail(view))


@operation(
    "POST",
    "/studies/<study_id>/resume",
    tag="Studies",
    summary="Resume a study",
    permission=Permission.ANALYSES_RUN,
    answers=_AFTERWARDS,
    refusals=NOT_THERE,
)
def resume_study(study_id: str) -> Response:
    """Let a paused study go on. Asking twice changes nothing."""
    with write() as session:
        view = studies.resume(session, current_actor(), study_id, address=client_address())
        parts().queue.send_after_commit(session, jobs.WORK, view.summary.counts[Status.QUEUED])
    return to_json(_detail(view))


@operation(
    "POST",
    "/studies/<study_id>/retry",
    tag="Studies",
    summary="Retry what has failed in a study",
    permission=Permission.ANALYSES_RUN,
    answers=_AFTERWARDS,
    refusals=NOT_THERE,
)
def retry_study(study_id: str) -> Response:
    """Ask anew, in its place, each member that has failed; what has succeeded stays. Asking twice changes nothing."""
    with write() as session:
        view = studies.retry_failed(session, current_actor(), study_id, address=client_address())
        parts().queue.send_after_commit(session, jobs.WORK, view.summary.counts[Status.QUEUED])
    return to_json(_detail(view))


@operation(
    "DELETE",
    "/studies/<study_id>",
    tag="Studies",
    summary="Delete a study",
    permission=Permission.ANALYSES_RUN,
    answers={HTTPStatus.NO_CONTENT: Answer("It is out of all lists.", media_types=())},
    refusals=NOT_NOW,
)
def delete_study(study_id: str) -> Response:
    """Take a finished study and its analyses out of all lists; the ledger counts their trials as before."""
    with write() as session:
        studies.hide(session, current_actor(), study_id, address=client_address())
    return nothing()


def _portfolio(found: study_portfolios.StudyPortfolio) -> StudyPortfolio:
    combined = found.combined
    return StudyPortfolio(
        members=[PortfolioMember.model_validate(each) for each in found.members],
        left_out=[PortfolioLeftOut.model_validate(each) for each in found.left_out],
        sentences=list(study_portfolios.in_words(found)),
        measures=[_measures(name, each) for name, each in combined.measures.items()],
        best=combined.best,
        difference=_known(combined.test.difference),
        p_value=_known(combined.test.p_value),
        n_trials=found.n_trials,
        n_independent=found.n_independent,
        deflated_sharpe_ratio=_known(combined.deflated),
        deflated_by_independent=_known(combined.deflated_by_independent),
        overfitting=None if found.overfitting is None else Overfitting.model_validate(found.overfitting),
        n_divisions=combined.books.n_divisions,
        curves=PortfolioCurves(
            timestamp=pd.DatetimeIndex(combined.curves.index).to_pydatetime().tolist(),
            wealth={str(name): combined.curves[name].tolist() for name in combined.curves},
            shares={str(name): combined.books.shares[name].tolist() for name in combined.books.shares},
        ),
    )


def _measures(name: str, measured: Any) -> PortfolioMeasures:
    luck = measured.luck
    return PortfolioMeasures(
        name=name,
        **{each: _known(value) for each, value in vars(measured).items() if each != "luck"},
        sharpe_ratio_span=None if luck is None else Span.model_validate(luck.sharpe_ratio),
        max_drawdown_span=None if luck is None else Span.model_validate(luck.max_drawdown),
    )


def _known(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _detail(view: StudyView) -> StudyDetail:
    return StudyDetail.model_validate({**vars(view.summary), **vars(view)})
