"""How the installation does, in one line at the foot of every page."""

import datetime

from dash import html
from dash.development.base_component import Component

from webapp import formats
from webapp.dashboard.components.cards import icon
from webapp.dashboard.components.times import ago
from webapp.services.system_status import SystemStatus


def status_line(status: SystemStatus, *, has_broker: bool, now: datetime.datetime) -> list[Component]:
    """Return workers, queue, broker and the newest prices; what is wrong stands out by a word and an icon."""
    workers = formats.plural(status.n_workers, "worker")
    queue = f"{formats.count(status.n_running)} running, {formats.count(status.n_waiting)} waiting"
    prices: list[Component | str] = ["Prices arrived ", ago(status.prices_at, now)]
    return [
        _part(f"{workers} alive", "cpu", is_well=status.n_workers > 0),
        _part(queue, "list-task", is_well=True),
        _part(
            "Queue server answers" if has_broker else "Queue server does not answer", "hdd-network", is_well=has_broker
        ),
        html.Span([icon("database"), html.Span(prices)], className="status-part"),
    ]


def _part(text: str, icon_name: str, *, is_well: bool) -> Component:
    shown = icon_name if is_well else "exclamation-triangle"
    return html.Span([icon(shown), text], className="status-part" if is_well else "status-part is-warning")
