"""What the policy is written with: a use case and its doors, and addresses and values that several of them share.

A door is a route, `GET /api/v1/catalog`; a page, `page /new`; or a callback of a page, by module and function:
`analysis.cancel`. What stands beside a door is what fits: the body of a route, or the values of a callback's fields.
`{analysis_id}` and its like stand for the id of what a case is about.

- `needs`: the permission; None: whoever is signed in.
- `about`: what the address names. An `analysis` is reached by its owner, and for reading (`readers`) by whom it is
  shared with. An `instrument`, a `token`, an `upload`, a `study` or an `acquisition` is reached by its owner. To
  others these are not found (404), in the same words as what does not exist, administrators included. A `group` or a
  `user` is reached by whoever has the permission.
  A `template` is reached like a token.
- `is_public`: strangers may, too.
- `only_people`: who acts by a token may not.
"""

from dataclasses import dataclass, field
from typing import Any

from webapp.permissions import Permission

READ, RUN, PRICES, WRITE, MANAGE = (
    Permission.ANALYSES_READ,
    Permission.ANALYSES_RUN,
    Permission.PRICES_READ,
    Permission.PRICES_WRITE,
    Permission.USERS_MANAGE,
)


@dataclass(frozen=True)
class UseCase:
    """One thing that people and programs can do, and all doors to it."""

    name: str
    needs: Permission | None
    doors: dict[str, Any] = field(hash=False)
    about: str = ""
    readers: bool = False
    is_public: bool = False
    only_people: bool = False


ANALYSES = "/api/v1/analyses"
ANALYSIS = f"{ANALYSES}/<analysis_id>"
LOOK = {
    "dashboard-instrument": "{instrument_id}",
    "dashboard-interval": "1d",
    "dashboard-range": "1y",
    "dashboard-style": "candles",
    "dashboard-indicators": [],
    "dashboard-view": None,
}
USER = "/api/v1/users/<user_id>"
THIS_USER = {"user-id": "{user_id}"}
GROUP = "/api/v1/groups/<group_id>"
THIS_GROUP = {"group-id": "{group_id}"}
A_ROLE = dict.fromkeys(("user-role", "users-create-role", "users-invite-role"), "viewer")
FETCHES = "/api/v1/acquisitions"
UPLOADS = "/api/v1/uploads"
UPLOAD = f"{UPLOADS}/<upload_id>"
STUDIES = "/api/v1/studies"
STUDY = f"{STUDIES}/<study_id>"
THIS_STUDY = {"study-id": "{study_id}"}
STUDY_FORM = {"new-study-json": "{}", "new-study-instruments": ["MSFT@sample"]}
GRID = {"axes": [{"path": "instruments", "values": ["MSFT"]}]}
QUESTION = {"instruments": [{"symbol": "GOOG"}]}


def row(column: str) -> dict[str, str]:
    """What the table of jobs sends when a button is pressed."""
    return {"rowId": "analysis:{analysis_id}", "colId": column}
