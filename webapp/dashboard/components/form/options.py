"""Instruments as choices of the form."""

from collections.abc import Sequence
from typing import Any

from webapp import formats
from webapp.dashboard.components.form.values import instrument_key
from webapp.services.prices import InstrumentView


def instrument_options(found: Sequence[InstrumentView]) -> list[dict[str, Any]]:
    """Return instruments as choices: symbol, name and which sessions there are."""
    return [
        {
            "label": (
                f"{each.symbol} · {each.name} · {formats.date(each.first_session)} to "
                f"{formats.date(each.last_session)} · {formats.plural(each.n_bars, 'bar')}"
            ),
            "value": instrument_key({"symbol": each.symbol, "source": each.source}),
            "search": f"{each.symbol} {each.name}",
        }
        for each in found
        if each.n_bars
    ]
