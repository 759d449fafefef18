"""What a person has chosen to see on the Dashboard: kept in the database, so that it is there on another machine."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from webapp.db import database_now
from webapp.errors import PreconditionFailed
from webapp.permissions import Actor, Permission, require
from webapp.services import indicators as catalogue
from webapp.services.charts import Interval, Range
from webapp.tables import DashboardChoice

PublicId = Annotated[str, Field(pattern=r"^[0-9A-Za-z_-]{1,32}$")]

_MOST_PINS = 200


class DashboardChoices(BaseModel):
    """What to show. What is gone meanwhile, or not the actor's any more, is left out by whoever shows it."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    instrument: PublicId | None = Field(default=None, description="Instrument; null: the first there is.")
    interval: Interval = Field(default="1d", description="Length of a bar.")
    range: Range = Field(default="1y", description="How far back.")
    style: Literal["candles", "line"] = Field(default="candles", description="How prices are drawn.")
    indicators: tuple[Annotated[str, Field(max_length=120)], ...] = Field(
        default=(), max_length=catalogue.MOST_INDICATORS, description="Such as `sma:window=50`."
    )
    pins: dict[PublicId, PublicId] = Field(
        default_factory=dict, max_length=_MOST_PINS, description="Analysis that is pinned to an instrument, by its id."
    )
    capital: float = Field(default=100_000.0, ge=1.0, le=1e12, description="Money that positions are sized for.")

    @field_validator("indicators")
    @classmethod
    def _indicators_exist(cls, indicators: tuple[str, ...]) -> tuple[str, ...]:
        catalogue.parse_indicators(indicators)
        return indicators


def get_choices(session: Session, actor: Actor) -> DashboardChoices:
    """Return what the actor has chosen, or what everybody begins with.

    Raises
    ------
    PermissionDenied
        If the actor may not read prices.
    """
    require(actor, Permission.PRICES_READ)
    row = session.get(DashboardChoice, actor.user_id)
    if row is None:
        return DashboardChoices()
    kept = [text for text in row.choices.get("indicators", ()) if catalogue.is_indicator(text)]  # catalogues change
    return DashboardChoices.model_validate({**row.choices, "indicators": kept})


def save_choices(session: Session, actor: Actor, choices: DashboardChoices) -> None:
    """Keep what the actor has chosen, in place of what they chose before.

    Raises
    ------
    PermissionDenied
        If the actor may not read prices.
    """
    require(actor, Permission.PRICES_READ)
    now, data = database_now(session), choices.model_dump(mode="json")
    row = session.get(DashboardChoice, actor.user_id)
    if row is None:
        try:
            with session.begin_nested():
                session.add(DashboardChoice(user_id=actor.user_id, choices=data, updated_at=now))
        except IntegrityError:  # another tab of theirs was faster
            row = session.get(DashboardChoice, actor.user_id)
            if row is None:  # a serialized transaction does not see what others keep meanwhile
                raise PreconditionFailed("What is chosen has changed at this moment. Read it again.") from None
        else:
            return
    row.choices, row.updated_at = data, now
    session.flush()
