"""What a report says of an answer, whoever shows it: the verdict first, the definitions and the doubts last."""

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd

from quant.risk.definitions import DEFINITIONS, Definition
from quant.spec import read_stored
from webapp import formats
from webapp.reports import belief, model, question, scenes
from webapp.reports.blocks import Block, Bullets, Card, Cards, Cell, Paragraph, Picture, Report, Section, Table
from webapp.reports.words import SCENARIOS
from webapp.services.analyses import AnalysisView
from webapp.services.results import ResultView

FRAMES = (
    "equity", "fold_scores", "trades", "monthly_returns", "yearly_returns", "drawdowns", "stress", "candidates",
    "decision_boundary", "division",
)  # fmt: skip

Tone = Literal["good", "doubt", "bad"]

_TONES: dict[str, Tone] = {"promising": "good", "not_credible": "bad"}
_GROUPS = {"return": "Return", "risk": "Risk", "benchmark": "Against the benchmark", "trading": "Trading"}
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_SHADES = (0.005, 0.02, 0.05)
_SIGNED = ("total_return", "compound_annual_growth_rate", "alpha", "best_bar", "worst_bar")
_CARDS = (
    ("sharpe_ratio", "Sharpe ratio"),
    ("total_return", "Total return"),
    ("compound_annual_growth_rate", "Growth a year"),
    ("annualised_volatility", "Volatility a year"),
    ("max_drawdown", "Maximum drawdown"),
)
_FEWEST_TRADES = 5  # of which a distribution is drawn
_MOST_ROWS = 10
_LIMITS = (
    (
        "The audit finds values that change when later bars are removed or replaced. It cannot find knowledge that is "
        "not in these prices: an instrument chosen because it is known to have survived and grown, or an idea from a "
        "book about it."
    ),
    (
        "The deflated Sharpe ratio counts the trials of this question. Other questions about the same "
        "prices, and ideas "
        "tried on paper or in another program, count as well; only those who tried know how many."
    ),
    "How orders are filled and what that costs are assumptions of the question; large orders move prices.",
    "The future need not resemble the span that was tested.",
)
_DISCLAIMER = (
    "This is research about the past, simulated, and no advice to buy or sell anything. No order was placed and no "
    "money was at risk. Past performance, real or simulated, says little about performance to come."
)


@dataclass(frozen=True)
class Vintage:
    """One vintage of prices that the answer was made from."""

    symbol: str
    source: str
    revision: int


def compose(view: AnalysisView, result: ResultView, vintages: Sequence[Vintage], made_at: datetime.datetime) -> Report:
    """Return what a report says of an answer.

    Parameters
    ----------
    view : AnalysisView
        The analysis.
    result : ResultView
        Its answer, with `FRAMES`.
    vintages : sequence of Vintage
        The prices that it was made from.
    made_at : datetime
        When the report is made.

    Returns
    -------
    Report
        Sections, for page and paper alike.
    """
    equity = result.frames["equity"]
    first, last = formats.date(equity.index[0]), formats.date(equity.index[-1])
    symbols = ", ".join(view.summary.symbols)
    rule, swept = read_stored(view.spec).rule, result.facts.get("sweep") or {}
    part = "out of sample" if rule is None or swept.get("held_out") else "whole range"
    verdict = result.facts["verdict"]
    return Report(
        title=view.summary.title,
        subtitle=f"{symbols} · {part} from {first} to {last}, after costs",
        tone=_TONES.get(verdict["level"], "doubt"),
        verdict=formats.sentence(verdict["text"]),
        sections=[
            Section("In numbers", [_cards(result)]),
            _question(view, first, last),
            _wealth(view, result),
            _performance(view, result),
            *_costs(result),
            _calendar(result),
            _drawdowns(result),
            _risk(result),
            _trades(result),
            *([model.chosen(result)] if rule is None else []),
            belief.belief(result),
            _origin(view, result, vintages),
            _definitions(result),
            Section("What this does not prove", [Bullets([("", each) for each in _LIMITS]), Paragraph(_DISCLAIMER)]),
        ],
        footer=f"Assay · analysis {view.id} · result {result.result_hash[:12]} · made {formats.moment(made_at)}",
    )


def _metrics(result: ResultView) -> dict[str, Mapping[str, Any]]:
    return {each["name"]: each for each in result.facts["metrics"] if each["name"] in DEFINITIONS}


def _written(value: float | None, definition: Definition) -> str:
    if definition.unit == "fraction":
        return formats.percent(value, signed=definition.name in _SIGNED)
    return formats.ratio(value) if definition.unit == "ratio" else formats.count(value)


def _named(definition: Definition) -> str:
    """Return a measure's name, with its unit where the figure does not carry it."""
    unit = definition.unit if definition.unit in {"days", "money"} else ""
    return f"{definition.title}, {unit}" if unit and unit not in definition.title else definition.title


def _tone(value: float | None) -> str:
    return formats.sign_class(value).removeprefix("is-")


def _cards(result: ResultView) -> Cards:
    metrics, luck = _metrics(result), result.facts["honesty"]["luck"]
    cards = [
        Card(
            "Deflated Sharpe",
            formats.p_value(luck["deflated_sharpe_ratio"]),
            f"after {formats.plural(luck['n_trials'], 'trial')}; 0.95 convinces",
        )
    ]
    for name, label in _CARDS:
        found, definition = metrics[name], DEFINITIONS[name]
        beside = found["benchmark_value"]
        aside = "" if beside is None else f"benchmark {_written(beside, definition)}"
        tone = _tone(found["value"]) if name in _SIGNED else ""
        cards.append(Card(label, _written(found["value"], definition), aside, tone))
    return Cards(cards)


def _question(view: AnalysisView, first: str, last: str) -> Section:
    texts = [Paragraph(each) for each in question.in_words(read_stored(view.spec), first, last)]
    rows = [[Cell(name), Cell(values)] for name, values in question.details(view.spec)]
    table = Table("Parameters of the question", ("Part", "Parameters"), rows, (False, False), (0.16, 0.84))
    return Section("The question", [*texts, table], brief=texts)


_SHADED = " Shaded: bars on which the first model only learnt; nothing was traded there. Ticks: a new model."


def _wealth(view: AnalysisView, result: ResultView) -> Section:
    equity, folds = result.frames["equity"], result.frames["fold_scores"]
    learnt = (
        None if folds.empty else (formats.date(folds["train_start"].iloc[0]), formats.date(folds["train_end"].iloc[0]))
    )
    benchmark = _benchmark(view)
    first, last = formats.date(equity.index[0]), formats.date(equity.index[-1])
    picture = Picture(
        lambda width: scenes.wealth(equity, list(folds["test_start"]), learnt, width),
        f"Wealth of the strategy and of {benchmark} from {first} to {last}, with drawdowns below",
        f"Blue: the strategy, after costs. Grey: {benchmark}. Red: drawdown of the strategy."
        f"{'' if learnt is None else _SHADED}",
    )
    return Section("Wealth and drawdown", [picture])


def _benchmark(view: AnalysisView) -> str:
    symbols = view.summary.symbols
    return f"buy and hold {symbols[0]}" if len(symbols) == 1 else f"buy and hold, {len(symbols)} in equal parts"


def _performance(view: AnalysisView, result: ResultView) -> Section:
    metrics = _metrics(result)
    tables = []
    for group, title in _GROUPS.items():
        shown = [each for each in DEFINITIONS.values() if each.group == group and each.name in metrics]
        rows = [
            [
                Cell(_named(each)),
                Cell(_written(metrics[each.name]["value"], each)),
                Cell(_written(metrics[each.name]["benchmark_value"], each)),
                Cell(each.definition, "muted"),
            ]
            for each in shown
        ]
        if rows:
            heads = (title, "Strategy", "Benchmark", "What it is")
            tables.append(Table(title, heads, rows, (False, True, True, False), (0.24, 0.13, 0.13, 0.5)))
    note = Paragraph(
        f"Benchmark: {_benchmark(view)}. A dash means that the benchmark has no such number.", is_small=True
    )
    return Section("Performance", [*tables, note])


def _costs(result: ResultView) -> list[Section]:
    """Return how much hangs on costs and on the price within a bar; nothing of answers from before it was asked."""
    found = result.facts.get("brackets")
    if not found:
        return []
    rows = [
        [
            Cell(SCENARIOS[each["name"]]),
            Cell(formats.money(each["final_equity"])),
            Cell(formats.percent(each["total_return"], signed=True), _tone(each["total_return"])),
            Cell(formats.ratio(each["sharpe_ratio"])),
            Cell(formats.count(each["n_trades"])),
        ]
        for each in found["scenarios"]
    ]
    heads = ("Same decisions", "Wealth at the end", "Total return", "Sharpe ratio", "Trades")
    table = Table("Cost bracket", heads, rows, (False, True, True, True, True), (0.4, 0.18, 0.16, 0.14, 0.12))
    said = Paragraph(f"{formats.sentence(found['costs_in_words'])} {formats.sentence(found['fills_in_words'])}")
    return [Section("What costs and fills decide", [said, table])]


def _calendar(result: ResultView) -> Section:
    monthly, yearly = result.frames["monthly_returns"], result.frames["yearly_returns"]
    table = monthly.pivot_table(index="year", columns="month", values="return", aggfunc="last", dropna=False)
    table = table.reindex(columns=range(1, 13))
    totals = yearly.set_index("year")["return"]
    beside = yearly.set_index("year")["benchmark_return"]
    rows = [
        [
            Cell(str(int(year))),
            *[_month(float(value)) for value in table.loc[year]],
            _month(float(totals.get(year, np.nan))),
            Cell(formats.number(float(beside.get(year, np.nan)) * 100, 1), "muted"),
        ]
        for year in table.index
    ]
    heads = ("Year", *_MONTHS, "Year", "Bench.")
    months = Table(
        "Monthly returns in per cent",
        heads,
        rows,
        (False, *[True] * 14),
        (0.07, *[0.064] * 12, 0.08, 0.082),
        is_heat=True,
    )
    picture = Picture(
        lambda width: scenes.years(yearly, width),
        "Returns by year, strategy beside benchmark",
        "Blue: the strategy. Grey: the benchmark. The first and last year may be parts.",
    )
    note = Paragraph("Monthly returns in per cent, after costs; the first and last month may be parts.", is_small=True)
    return Section("Months and years", [months, note, picture], brief=[months, note])


def _month(value: float) -> Cell:
    if np.isnan(value):
        return Cell("")
    step = 1 + sum(abs(value) >= each for each in _SHADES)
    return Cell(formats.number(value * 100, 1), "" if value == 0 else f"{'p' if value > 0 else 'n'}{step}")


def _drawdowns(result: ResultView) -> Section:
    found = result.frames["drawdowns"]
    if found.empty:
        return Section("Drawdowns", [Paragraph("The equity curve never fell below an earlier peak.")])
    rows = [
        [
            Cell(formats.percent(each["depth"]), "loss"),
            Cell(formats.date(each["peak_at"])),
            Cell(formats.date(each["valley_at"])),
            Cell("not yet" if pd.isna(each["recovery_at"]) else formats.date(each["recovery_at"])),
            Cell(formats.count(each["n_bars"])),
            Cell(formats.count(each["n_days"])),
        ]
        for each in found.head(_MOST_ROWS).to_dict("records")
    ]
    heads = ("Depth", "Peak", "Deepest", "Recovered", "Bars", "Days")
    shares = (0.14, 0.2, 0.2, 0.2, 0.13, 0.13)
    table = Table("Deepest drawdowns", heads, rows, (True, False, False, False, True, True), shares)
    short = Table("Deepest drawdowns", heads, rows[:5], (True, False, False, False, True, True), shares)
    return Section("Drawdowns", [table], brief=[short])


def _risk(result: ResultView) -> Section:
    blocks: list[Block] = []
    stress = result.frames.get("stress")
    if stress is not None and not stress.empty:
        rows = [
            [
                Cell(each["name"]),
                Cell(formats.percent(each["return"], signed=True), _tone(each["return"])),
                Cell(formats.percent(_known(each["benchmark_return"]), signed=True)),
                Cell(formats.date(each["start_at"])),
                Cell(formats.date(each["end_at"])),
            ]
            for each in stress.to_dict("records")
        ]
        heads = ("Window", "Strategy", "Benchmark", "From", "To")
        shares = (0.36, 0.15, 0.15, 0.17, 0.17)
        blocks.append(Table("Worst spells", heads, rows, (False, True, True, False, False), shares, shows_caption=True))
    risk = result.facts.get("risk")
    if risk:
        said = [each["in_words"] for each in risk["luck"]]
        said += [risk[name]["in_words"] for name in ("bet", "volatility") if risk[name] is not None]
        said += [result.facts["factors"]["in_words"]] if "factors" in result.facts else []
        blocks += [Paragraph(formats.sentence(each)) for each in said]
    division = result.frames.get("division")
    if division is not None and not division.empty:
        blocks.append(_shares(result, division))
    if not blocks:
        blocks.append(Paragraph("The curve is too short to say more than the numbers above."))
    return Section("Risk", blocks)


def _shares(result: ResultView, division: pd.DataFrame) -> Table:
    """Return how the book was divided among the instruments, by past returns only."""
    symbols = [each["symbol"] for each in result.facts["data"]["instruments"]]
    rows = [
        [
            Cell(symbols[int(each["instrument"])]),
            *[Cell(formats.percent(each[name])) for name in ("latest", "mean", "least", "most")],
        ]
        for each in division.to_dict("records")
    ]
    heads = ("Instrument", "Latest share", "Mean", "Least", "Most")
    caption = "Division of the book, by past returns only"
    numbers = (False, True, True, True, True)
    return Table(caption, heads, rows, numbers, (0.36, 0.16, 0.16, 0.16, 0.16), shows_caption=True)


def _known(value: float) -> float | None:
    return None if pd.isna(value) else float(value)


def _trades(result: ResultView) -> Section:
    trades = result.frames["trades"]
    closed = trades[~trades["is_open"].astype(bool)]
    if trades.empty:
        return Section("Trades", [Paragraph("Nothing was traded: no signal was strong enough.")])
    symbols = [each["symbol"] for each in result.facts["data"]["instruments"]]
    earned = closed["return_on_entry_value"].to_numpy(dtype=np.float64)
    n_open = len(trades) - len(closed)
    sentence = f"{formats.plural(len(closed), 'round trip')}" + (
        f" and {formats.plural(n_open, 'position')} still open at the end" if n_open else ""
    )
    if len(closed):
        sentence += (
            f"; {formats.percent(float(np.mean(earned > 0)), 0)} of them gained. The median return was "
            f"{formats.percent(float(np.median(earned)), signed=True)}, and the median time in a position "
            f"{formats.plural(int(closed['bars_held'].median()), 'bar')}."
        )
    else:
        sentence += "."
    blocks: list[Block] = [Paragraph(sentence)]
    if len(closed) >= _FEWEST_TRADES:
        blocks.append(
            Picture(
                lambda width: scenes.histogram(earned, width), "Returns of the round trips", "Round trips by return."
            )
        )
    ordered = closed.sort_values("return_on_entry_value", kind="stable")
    shown = pd.concat([ordered.head(5), ordered.tail(5)]) if len(ordered) > _MOST_ROWS else ordered
    rows = [
        [
            Cell(symbols[int(each["instrument"])]),
            Cell(str(each["direction"])),
            Cell(formats.date(each["entry_at"])),
            Cell(formats.date(each["exit_at"])),
            Cell(formats.percent(each["return_on_entry_value"], signed=True), _tone(each["return_on_entry_value"])),
            Cell(formats.money(each["pnl"], signed=True), _tone(each["pnl"])),
            Cell(formats.count(each["bars_held"])),
        ]
        for each in shown.to_dict("records")
    ]
    brief = list(blocks)
    if rows:
        heads = ("Instrument", "Direction", "Entry", "Exit", "Return", "Profit", "Bars")
        caption = "The five worst and the five best round trips" if len(ordered) > _MOST_ROWS else "Round trips"
        numbers = (False, False, False, False, True, True, True)
        blocks.append(
            Table(caption, heads, rows, numbers, (0.16, 0.14, 0.16, 0.16, 0.13, 0.15, 0.1), shows_caption=True)
        )
    return Section("Trades", blocks, brief=brief)


def _origin(view: AnalysisView, result: ResultView, vintages: Sequence[Vintage]) -> Section:
    known = {(each.symbol, each.source): each.revision for each in vintages}
    instruments = result.facts["data"]["instruments"]
    rows = [
        [
            Cell(each["symbol"]),
            Cell(each["source"]),
            Cell(formats.count(known.get((each["symbol"], each["source"])))),
            Cell(f"{each['first_session']} to {each['last_session']}"),
            Cell(formats.count(each["n_bars"])),
            Cell(formats.plural(len(each["findings"]), "finding") if each["findings"] else "none"),
        ]
        for each in instruments
    ]
    heads = ("Instrument", "Source", "Vintage", "Sessions", "Bars", "Found in the prices")
    numbers = (False, False, True, False, True, False)
    prices = Table("Prices", heads, rows, numbers, (0.16, 0.14, 0.1, 0.28, 0.12, 0.2), shows_caption=True)
    hashes = [
        ("Question", view.spec_hash),
        ("Prices (snapshot)", result.facts["data"]["snapshot_hash"]),
        ("Result", result.result_hash),
        ("Seed", str(result.facts["seed"])),
        ("Analysis", view.id),
    ]
    made = Table(
        "What makes this answer",
        ("What", "Hash or number"),
        [[Cell(name), Cell(value, "mono")] for name, value in hashes],
        (False, False),
        (0.22, 0.78),
        shows_caption=True,
    )
    versions = Table(
        "Libraries that decide numbers",
        ("Library", "Version"),
        [[Cell(name), Cell(version, "mono")] for name, version in sorted(result.versions.items())],
        (False, False),
        (0.5, 0.5),
        shows_caption=True,
    )
    made_by = (
        f"Submitted {formats.moment(view.summary.submitted_at)} by {view.summary.owner}, finished "
        f"{formats.moment(view.summary.finished_at)}."
        if view.imported is None
        else f"Imported from a bundle: computed in another installation as analysis {view.imported.id}, finished "
        f"{formats.moment(view.imported.finished_at)}."
    )
    said = Paragraph(
        f"The same question, prices, seed and library versions give the same result hash, on any machine. {made_by}"
    )
    return Section("Where it comes from", [said, made, prices, versions], brief=[said, made, prices])


def _definitions(result: ResultView) -> Section:
    metrics = _metrics(result)
    rows = [
        [Cell(each.title), Cell(each.formula, "mono"), Cell(each.source, "muted")]
        for each in DEFINITIONS.values()
        if each.name in metrics
    ]
    heads = ("Measure", "Formula", "Source")
    note = Paragraph("r are simple returns per bar, q the bars a year, n their number.", is_small=True)
    table = Table("Formula and source of every measure", heads, rows, (False, False, False), (0.2, 0.5, 0.3))
    return Section("Definitions", [table, note], brief=[])
