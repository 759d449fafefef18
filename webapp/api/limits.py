"""Limits: what everybody, and each person, may run, queue, compute in a day and store."""

from flask import Response
from pydantic import Field

from webapp.api.answers import to_json
from webapp.api.columns import Moment, View
from webapp.api.operations import NOT_THERE, Answer, operation
from webapp.api.reading import Body
from webapp.auth.session import client_address, current_actor, read, write
from webapp.permissions import Permission
from webapp.services import quotas

_TAG = "Limits"
_MANAGE = Permission.USERS_MANAGE
_RUNNING = "Analyses that run at once."
_QUEUED = "Analyses that wait."
_MINUTES = "Processor minutes a day, in UTC."
_BYTES = "Bytes of results and uploads."


class Limits(View):
    """The four limits. 0 is no limit; null is the house's, and in the house none."""

    n_running: int | None = Field(description=_RUNNING)
    n_queued: int | None = Field(description=_QUEUED)
    cpu_minutes: int | None = Field(description=_MINUTES)
    storage_bytes: int | None = Field(description=_BYTES)


class NewLimits(Body):
    """The limits from now on, all four: what is left out is null."""

    n_running: int | None = Field(default=None, ge=0, le=quotas.MOST, description=_RUNNING)
    n_queued: int | None = Field(default=None, ge=0, le=quotas.MOST, description=_QUEUED)
    cpu_minutes: int | None = Field(default=None, ge=0, le=quotas.MOST, description=_MINUTES)
    storage_bytes: int | None = Field(default=None, ge=0, le=quotas.MOST_BYTES, description=_BYTES)


class Allowance(View):
    """What somebody may take, and what they have taken of it."""

    limits: Limits = Field(description="What holds for them; null is no limit.")
    own: Limits = Field(description="What was set for them alone; null is the house's.")
    left: Limits = Field(description="What is left of each; null where there is no limit.")
    n_running: int = Field(description="Analyses that run now.")
    n_queued: int = Field(description="Analyses that wait now.")
    cpu_seconds: float = Field(description="Processor time that their analyses took today.")
    storage_bytes: int = Field(description="What results and uploads take; what results share counts once.")
    day_ends_at: Moment = Field(description="When processor time begins anew.")


@operation(
    "GET", "/allowance", tag=_TAG, summary="Read my limits", answers={200: Answer("What is left of them.", Allowance)}
)
def get_my_limits() -> Response:
    """Return what you may run, queue, compute in a day and store, and what you have used of it."""
    with read() as session:
        return to_json(Allowance.model_validate(quotas.get_own(session, current_actor())))


@operation(
    "GET",
    "/limits",
    tag=_TAG,
    summary="Read everybody's limits",
    permission=_MANAGE,
    answers={200: Answer("The house's limits.", Limits)},
)
def get_house_limits() -> Response:
    """Return what holds for everybody who has no limits of their own."""
    with read() as session:
        return to_json(Limits.model_validate(quotas.get_house(session, current_actor())))


@operation(
    "PUT",
    "/limits",
    tag=_TAG,
    summary="Set everybody's limits",
    permission=_MANAGE,
    body=NewLimits,
    answers={200: Answer("The house's limits.", Limits)},
)
def set_house_limits(body: NewLimits) -> Response:
    """Set what holds for everybody who has no limits of their own. It counts from now on; what runs goes on."""
    with write() as session:
        limits = quotas.set_house(session, current_actor(), limits=_limits(body), address=client_address())
        return to_json(Limits.model_validate(limits))


@operation(
    "GET",
    "/users/<user_id>/limits",
    tag=_TAG,
    summary="Read a user's limits",
    permission=_MANAGE,
    answers={200: Answer("What is left of them.", Allowance)},
    refusals=NOT_THERE,
)
def get_user_limits(user_id: str) -> Response:
    """Return what a user may take, and what they have taken of it."""
    with read() as session:
        return to_json(Allowance.model_validate(quotas.get_of(session, current_actor(), user_id)))


@operation(
    "PUT",
    "/users/<user_id>/limits",
    tag=_TAG,
    summary="Set a user's limits",
    permission=_MANAGE,
    body=NewLimits,
    answers={200: Answer("What they may take now.", Allowance)},
    refusals=NOT_THERE,
)
def set_user_limits(user_id: str, body: NewLimits) -> Response:
    """Set what one user may take: null is the house's limit, 0 none. It counts from now on; what runs goes on."""
    with write() as session:
        allowance = quotas.set_of(session, current_actor(), user_id, limits=_limits(body), address=client_address())
        return to_json(Allowance.model_validate(allowance))


def _limits(body: NewLimits) -> quotas.Limits:
    return quotas.Limits(**body.model_dump())
