"""The tabs of an answer. Each names the frames it needs, so that opening one reads no more than it shows."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from dash import dcc, html
from dash.development.base_component import Component

from webapp.dashboard import paths
from webapp.dashboard.components.attributes import aria, aria_bool, data
from webapp.dashboard.components.cards import skeleton
from webapp.dashboard.components.tabs import honesty, metrics, model, overview, reproduce, risk, trades
from webapp.dashboard.figures.palette import Theme
from webapp.services.analyses import AnalysisView
from webapp.services.results import ResultView

_SKELETON_HEIGHT = 480


@dataclass(frozen=True)
class Tab:
    """A tab: its title, the frames it reads, and what makes its content of them."""

    title: str
    frames: tuple[str, ...]
    content: Callable[[AnalysisView, ResultView, Theme], Component]


TABS: Mapping[str, Tab] = {
    "overview": Tab("Overview", overview.FRAMES, overview.content),
    "metrics": Tab("Metrics", metrics.FRAMES, metrics.content),
    "risk": Tab("Risk", risk.FRAMES, risk.content),
    "trades": Tab("Trades", trades.FRAMES, trades.content),
    "model": Tab("Model", model.FRAMES, model.content),
    "honesty": Tab("Honesty", honesty.FRAMES, honesty.content),
    "reproduce": Tab("Reproduce", reproduce.FRAMES, reproduce.content),
}


def panel_id(name: str) -> str:
    """Return the id of a tab's panel."""
    return f"analysis-panel-{name}"


def store_id(name: str) -> str:
    """Return the id of what says that a tab was opened."""
    return f"analysis-open-{name}"


def draw_tabs(chosen: str, content: Component) -> list[Component]:
    """Return the row of tabs and their panels; only the chosen one has its content yet."""
    buttons = [_button(name, tab, is_chosen=name == chosen) for name, tab in TABS.items()]
    panels = [
        html.Div(
            content if name == chosen else skeleton(_SKELETON_HEIGHT),
            id=panel_id(name),
            role="tabpanel",
            hidden=name != chosen,
            **aria(label=TABS[name].title),
        )
        for name in paths.TABS
    ]
    stores = [dcc.Store(id=store_id(name), data=name == chosen) for name in paths.TABS]
    return [
        html.Div(buttons, className="tabs mb-0", role="tablist", **aria(label="Parts of the answer")),
        *panels,
        *stores,
    ]


def _button(name: str, tab: Tab, *, is_chosen: bool) -> Component:
    opened = {"opened": "true"} if is_chosen else {}
    return html.Button(
        tab.title,
        type="button",
        role="tab",
        tabIndex="0" if is_chosen else "-1",
        **aria(selected=aria_bool(is_chosen), controls=panel_id(name)),
        **data(tab=name, store=store_id(name), **opened),
    )
