"""Whether what a page shows has changed, and if so, what it shows now: asked by open pages all the time.

Dash's own callbacks would cost several times as much, and many may watch the same. The answer's entity tag is the mark
of `services.watching`: 304 says that what the page shows still holds. Else it says what to show, as properties by
component, the mark among them, drawn once for all who look at that moment. `assets/polls.js` asks, and sets them.
"""

from http import HTTPStatus

from flask import Flask, Response, request
from plotly.io.json import to_json_plotly

from webapp.auth.session import current_actor, parts, read
from webapp.dashboard import paths
from webapp.dashboard.pages import analysis
from webapp.services import watching

_drawn: watching.Shared[tuple[bool, str]] = watching.Shared()


def install_marks(server: Flask) -> None:
    """Answer the addresses at which open pages ask."""
    server.add_url_rule(f"{paths.MARKS}analyses/<analysis_id>", "mark_of_analysis", _of_analysis, methods=["GET"])


def _of_analysis(analysis_id: str) -> Response:
    with read() as session:
        look = watching.look_at(session, current_actor(), analysis_id)
    answer = Response(mimetype="application/json")
    answer.set_etag(look.mark)
    answer.make_conditional(request)
    if answer.status_code == HTTPStatus.OK:
        answer.set_data(_draw(analysis_id, look))
    return answer


def _draw(analysis_id: str, look: watching.Look) -> str:
    def draw() -> tuple[bool, str]:
        changes = analysis.changes(analysis_id, request.args.get("tab", ""))
        text = str(to_json_plotly({**changes, "analysis-mark": {"data": look.mark}}))
        return changes["analysis-poll"]["disabled"], text

    key = (parts().database.engine, analysis_id, look)
    is_final, text = (True, "") if look.is_final else _drawn.get(key, draw)
    # An answer has a tab, a theme and parts that are one person's alone. It may have come since the look.
    return draw()[1] if is_final else text
