"""Claim: lists and polls stay quick, however much a team has done."""

import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import text

from benchmarks.findings import Cell, Finding, Goal, Table
from benchmarks.timing import percentile
from tests import crowds, schema, servers
from webapp.app import create_app
from webapp.auth.session import parts_of
from webapp.config import Settings
from webapp.db import Database
from webapp.permissions import Permission
from webapp.services import tokens

GOAL = "with 100,000 analyses and 2 million trades, every list and poll is answered within 50 ms (95th percentile)."
_LIMIT_MS = 50.0
_DATABASES = ("SQLite", "PostgreSQL")


def measure(*, quick: bool = False) -> Finding:
    """Ask for every list, on both databases."""
    n_analyses, n_times = (500, 2) if quick else (100_000, 40)
    took = {name: _ask_all(name, n_analyses, n_times) for name in _DATABASES}
    paths = list(took[_DATABASES[0]])
    worst = {name: max(percentile(each, 0.95) for each in answers.values()) for name, answers in took.items()}
    rows: list[tuple[Cell, ...]] = [
        (path, *(percentile(took[name][path], share) for name in _DATABASES for share in (0.5, 0.95))) for path in paths
    ]
    return Finding(
        name="lists",
        title="Lists",
        goal=GOAL,
        how=(
            f"{n_analyses:,} analyses of 50 people, half of them of the one who asks, two fifths of these in 20 "
            f"studies of {n_analyses // 100:,} members, with 20 trades, 3 lines of log "
            f"and 5 stored outputs each, and a trail of {n_analyses:,} lines; rows made from a few real ones. Each is "
            f"asked for {n_times} times after a first one, through the whole web application in one process, without "
            "the network."
        ),
        goals=tuple(
            Goal(f"slowest list, {name}, 95th percentile", worst[name], _LIMIT_MS, "ms") for name in _DATABASES
        ),
        tables=(
            Table(
                "Milliseconds:",
                ("asked for", *(f"{name}, {what}" for name in _DATABASES for what in ("p50", "p95"))),
                tuple(rows),
            ),
        ),
    )


def _ask_all(database_name: str, n_analyses: int, n_times: int) -> dict[str, list[float]]:
    with _database_url(database_name) as url, tempfile.TemporaryDirectory() as folder:
        schema.migrate(url)
        database = Database(url)
        with database.write() as session:
            busy, running_id = crowds.fill(session, n_analyses=n_analyses, n_trades_each=20)
            scopes = [scope for scope in Permission if busy.may(scope)]
            _, secret = tokens.create_token(session, busy, name="bench", scopes=scopes, expires_in_days=1)
        with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("ANALYZE" if database_name == "SQLite" else "VACUUM ANALYZE"))
        database.dispose()
        app = create_app(
            Settings(
                home=Path(folder),
                database_url=url,
                secret_key="only-for-the-benchmark-" + "0" * 32,
                request_limit="1000000 per minute",
                example=False,
            )
        )
        client = app.test_client()
        headers = {"Authorization": f"Bearer {secret}"}

        def ask(path: str) -> Any:
            answer = client.get(f"/api/v1{path}", headers=headers)
            if answer.status_code != 200:
                raise RuntimeError(f"Expected an answer from {path}; found {answer.status_code}: {answer.text}")
            return answer.json

        second, study = ask("/analyses")["next"], ask("/studies")["items"][0]["id"]
        paths = (
            *_PATHS,
            f"/analyses?cursor={second}",
            *(f"/analyses/{running_id}{what}" for what in ("", "/log")),
            *(f"/studies/{study}{what}" for what in _OF_A_STUDY),
        )
        times = {_shown(path, running_id, study): _times(lambda path=path: ask(path), n_times) for path in paths}
        parts_of(app).database.dispose()
        return times


_PATHS = (
    "/analyses",
    "/analyses?limit=500",
    "/analyses?sort=title",
    "/analyses?sort=status",
    "/analyses?status=failed",
    "/analyses?status=queued&status=running",
    "/analyses?text=question+99",
    "/analyses?tag=momentum",
    "/analyses?is_credible=true",
    "/analyses?scope=shared",
    "/analyses?scope=all",
    "/analyses?scope=all&status=failed",
    "/jobs",
    "/jobs?whose=all",
    "/acquisitions",
    "/uploads",
    "/templates",
    "/groups",
    "/instruments",
    "/users",
    "/studies",
    "/audit",
    "/audit?action=session.opened",
    "/invitations",
    "/tokens",
    "/allowance",
)
_OF_A_STUDY = ("", "/members", "/members?status=failed", "/leaderboard", "/heat-map")


def _times(call: Callable[[], object], n_times: int) -> list[float]:
    call()
    took = []
    for _ in range(n_times):
        began = time.perf_counter()
        call()
        took.append(1e3 * (time.perf_counter() - began))
    return took


def _shown(path: str, *ids: str) -> str:
    for each in ids:
        path = path.replace(each, "…")
    return f"`{path.split('cursor=')[0]}{'cursor=…' if 'cursor=' in path else ''}`"


@contextmanager
def _database_url(name: str) -> Iterator[str]:
    with ExitStack() as stack:
        if name == "SQLite":
            folder = stack.enter_context(tempfile.TemporaryDirectory())
            yield f"sqlite:///{Path(folder) / 'assay.sqlite'}"
            return
        server = stack.enter_context(servers.run_postgresql())
        server.execute("CREATE DATABASE lists")
        yield server.url("lists")
