"""Rows for tests: each function adds one and flushes it, with defaults for all that a test does not care about."""

import dataclasses
import datetime
import itertools
from typing import Any, TypeVar

from sqlalchemy.orm import Session

from quant.data.provider import Delivered, PriceQuery, create_provider
from quant.spec import AnalysisSpec
from webapp.db import Base
from webapp.permissions import Actor, Role
from webapp.services import price_store
from webapp.services.submissions import keywords_of, symbols_of
from webapp.storage import FrameStore
from webapp.tables import Acquisition, Analysis, PriceSeries, Security, Study, Upload, User

NOW = datetime.datetime(2026, 1, 2, 3, 4, 5, 678900, tzinfo=datetime.UTC)

# Hashed once, with the product's parameters: hashing takes 0.15 s and 64 MiB.
PASSWORD = "correct horse battery staple"
PASSWORD_HASH = "$argon2id$v=19$m=65536,t=3,p=4$LbfWhTCsPA2ORBkFoysCwg$nWytGiQimDepWrHXDZlx31d43X7mSPgpcanKr+/7CI8"

Row = TypeVar("Row", bound=Base)

_numbers = itertools.count(1)


def create_user(session: Session, **values: Any) -> User:
    """Add a user who can sign in with `PASSWORD`."""
    number = next(_numbers)
    defaults = {
        "public_id": f"user{number:012d}",
        "email": f"user{number}@example.org",
        "name": f"User {number}",
        "role": "researcher",
        "password_hash": PASSWORD_HASH,
        "is_active": True,
        "created_at": NOW,
    }
    return _added(session, User(**{**defaults, **values}))


def actor_of(user: User) -> Actor:
    """Return the user as services know them."""
    return Actor(user.id, user.name, Role(user.role))


def create_actor(session: Session, role: str = "researcher") -> Actor:
    """Add a user and return them as services know them."""
    return actor_of(create_user(session, role=role))


def create_analysis(session: Session, owner: User | Actor, **values: Any) -> Analysis:
    """Add a queued analysis of the default question about GOOG."""
    spec = AnalysisSpec.model_validate({"instruments": [{"symbol": "GOOG"}]})
    defaults = {
        "public_id": f"{next(_numbers):016x}",
        "owner_id": owner.user_id if isinstance(owner, Actor) else owner.id,
        "title": "GOOG",
        "spec": spec.resolved(),
        "spec_version": spec.spec_version,
        "spec_hash": spec.hash(),
        "pins": {},
        "status": "queued",
        "submitted_at": NOW,
        "stage_seconds": {},
        "versions": {},
    }
    row = {**defaults, **values}
    found_by = {"keywords": keywords_of(row["title"], row["spec"]), "symbols": symbols_of(row["spec"])}
    return _added(session, Analysis(**{**found_by, **row}))


def create_study(session: Session, owner: User | Actor, *members: dict[str, Any], **values: Any) -> Study:
    """Add a study over as many horizons as there are members; each says what its analysis is."""
    defaults = {
        "public_id": f"{next(_numbers):016x}",
        "owner_id": owner.user_id if isinstance(owner, Actor) else owner.id,
        "title": "Horizons",
        "spec": {"instruments": [{"symbol": "GOOG"}]},
        "axes": [{"path": "label.horizon", "values": list(range(1, max(2, len(members) + 1)))}],
        "n_members": len(members),
        "n_folded": 0,
        "created_at": NOW,
    }
    study = _added(session, Study(**{**defaults, **values}))
    for number, member in enumerate(members):
        create_analysis(session, owner, **{"study_id": study.id, "study_number": number, "priority": 10, **member})
    return study


def create_acquisition(session: Session, owner: User | Actor, **values: Any) -> Acquisition:
    """Add a queued fetch of a symbol that no other has."""
    number = next(_numbers)
    defaults = {
        "public_id": f"{number:016x}",
        "owner_id": owner.user_id if isinstance(owner, Actor) else owner.id,
        "kind": "fetch",
        "source": "yahoo",
        "symbol": f"SYM{number}",
        "interval": "1d",
        "extent": "newest",
        "request": {},
        "status": "queued",
        "submitted_at": NOW,
    }
    return _added(session, Acquisition(**{**defaults, **values}))


def create_upload(session: Session, owner: User | Actor, **values: Any) -> Upload:
    """Add a file that was judged and has nothing to be said about."""
    defaults = {
        "public_id": f"{next(_numbers):016x}",
        "owner_id": owner.user_id if isinstance(owner, Actor) else owner.id,
        "filename": "prices.csv",
        "content_hash": "0" * 64,
        "n_bytes": 1,
        "status": "checked",
        "choices": {},
        "layout": {"kind": "csv", "columns": {}},
        "preview": [],
        "interval": "1d",
        "n_rows": 1,
        "n_kept": 1,
        "n_quarantined": 0,
        "is_storable": True,
        "created_at": NOW,
    }
    return _added(session, Upload(**{**defaults, **values}))


def create_security(session: Session, **values: Any) -> Security:
    """Add a security."""
    number = next(_numbers)
    defaults = {
        "public_id": f"{number:016x}",
        "symbol": f"SYM{number}",
        "name": f"Security {number}",
        "asset_class": "equity",
        "currency": "USD",
        "exchange": "XNYS",
    }
    return _added(session, Security(**{**defaults, **values}))


def create_series(session: Session, security: Security | None = None, **values: Any) -> PriceSeries:
    """Add a shared price series without bars."""
    security = security or create_security(session)
    defaults = {
        "public_id": f"{next(_numbers):016x}",
        "security_id": security.id,
        "source": "sample",
        "interval": "1d",
        "basis": "raw",
        "created_at": NOW,
    }
    return _added(session, PriceSeries(**{**defaults, **values}))


def delivery(symbol: str = "MSFT", first: str = "2003-02-10", last: str = "2003-02-21", **changes: Any) -> Delivered:
    """Return real bars as a source delivers them; by default nine of Microsoft around its split of 2003-02-18."""
    days = (datetime.date.fromisoformat(day) for day in (first, last))
    return dataclasses.replace(create_provider("sample").fetch(PriceQuery(symbol, "1d", *days)), **changes)


def create_prices(
    session: Session, store: FrameStore, delivered: Delivered | None = None, *, owner_id: int | None = None
) -> PriceSeries:
    """Bring a delivery into the raw store as a series of its own, shared unless it has an owner."""
    delivered = delivered or delivery()
    series_id = price_store.open_series(session, delivered, source="sample", owner_id=owner_id)
    price_store.record_delivery(session, store, series_id, delivered, reason="test")
    return session.get_one(PriceSeries, series_id)


def _added(session: Session, row: Row) -> Row:
    session.add(row)
    session.flush()
    return row
