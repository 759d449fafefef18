"""Programs of which one works at a time, on however many machines they are started."""

import datetime

from sqlalchemy import or_, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from webapp.db import database_now
from webapp.tables import Singleton


def hold(session: Session, name: str, holder: str, *, seconds: float) -> bool:
    """Become or stay the one that works.

    Parameters
    ----------
    session : Session
        A writing transaction.
    name : str
        The program.
    holder : str
        Who asks; different after each start.
    seconds : float
        How long nobody else may, unless this is called again.

    Returns
    -------
    bool
        Whether the asker is the one; False while another has asked within the time that it said.
    """
    now = database_now(session)
    values = {"holder": holder, "expires_at": now + datetime.timedelta(seconds=seconds)}
    is_free = or_(Singleton.holder == holder, Singleton.expires_at < now)
    if session.execute(update(Singleton).where(Singleton.name == name, is_free).values(values)).rowcount:  # type: ignore[attr-defined]  # an UPDATE has a row count
        return True
    if session.get(Singleton, name) is not None:
        return False
    try:
        with session.begin_nested():
            session.add(Singleton(name=name, **values))
    except IntegrityError:  # another one was faster
        return False
    return True


def let_go(session: Session, name: str, holder: str) -> None:
    """Stop being the one, so that another need not wait."""
    now = database_now(session)
    mine = (Singleton.name == name, Singleton.holder == holder)
    session.execute(update(Singleton).where(*mine).values(expires_at=now - datetime.timedelta(seconds=1)))
