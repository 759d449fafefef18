"""A question in plain words."""

from collections.abc import Mapping, Sequence
from typing import Any

from quant.catalog import in_a_sentence
from quant.spec import LEARNING, AnalysisSpec, read_stored
from quant.strategies.catalog import RuleEntry
from webapp import formats

_TASKS = {
    "two_way": "how likely the price rises",
    "three_way": "how likely the price rises, falls or does neither",
    "regression": "what return to expect",
}
_MOST_NAMES = 6
_PARTS = (
    "label", "events", "weights", "validation", "tuning", "calibration", "strategy", "allocation", "backtest", "risk",
    "audit", "overfitting",
)  # fmt: skip


def in_words(spec: AnalysisSpec, first: str, last: str) -> list[str]:
    """Return what was asked, in a few sentences.

    Parameters
    ----------
    spec : AnalysisSpec
        The question.
    first, last : str
        First and last day that was traded.

    Returns
    -------
    list of str
        Paragraphs.
    """
    symbols = _listed([each.symbol for each in spec.instruments])
    bars = in_a_sentence(type(spec.bars).title)
    parameters = spec.bars.model_dump(mode="json", exclude={"name"}, exclude_none=True)
    if told := _parameters({name.removeprefix("n_"): value for name, value in parameters.items()}):
        bars += f" ({told})"
    asker = "a model" if spec.rule is None else "a rule"
    asked = (
        f"Would {asker} have made money on {symbols}, traded on {bars} from {first} to {last}, and should one "
        "believe it?"
    )
    return [asked, *(_of_a_model(spec) if spec.rule is None else _of_a_rule(spec, spec.rule)), _of_the_account(spec)]


def _of_a_rule(spec: AnalysisSpec, rule: RuleEntry) -> list[str]:
    varied = {axis.parameter: axis.numbers for axis in spec.sweep.axes}
    told = _parameters(rule.model_dump(mode="json", exclude={"name", *varied}))
    if varied:
        ranges = [f"{formats.humanised(name).lower()} {min(each):g} to {max(each):g}" for name, each in varied.items()]
        seen = (
            f"all bars but the last {spec.sweep.held_out:.0%}, of which the curve is"
            if spec.sweep.held_out
            else "the bars of the curve itself"
        )
        return [
            f"At the close of each bar a rule says what to hold: {in_a_sentence(type(rule).title)}, {told}.",
            f"It was tried with {_listed(ranges)}; the best was chosen on {seen}.",
        ]
    return [
        f"At the close of each bar a rule says what to hold: {in_a_sentence(type(rule).title)}, {told}.",
        "Nothing is learnt. The curve is that of the whole range; which bars whoever chose the rule knew, nobody says.",
    ]


def _of_the_account(spec: AnalysisSpec) -> str:
    costs, entry = spec.backtest.costs, spec.backtest.entry
    filled = "A signal at a close is filled at the next open."
    if entry.is_used:
        filled = (
            f"A signal at a close opens a position by a {_value(entry.order)} order, {formats.percent(entry.distance)} "
            f"from it, that lies for {formats.plural(entry.valid_bars, 'bar')}; positions are left at the next open."
        )
    return (
        f"{filled} A side costs {costs.commission_bps:g} basis points of "
        f"commission and {costs.slippage_bps:g} of slippage{_of_the_market(spec)}; the account begins with "
        f"{formats.money(spec.backtest.initial_cash)}."
    )


def _of_the_market(spec: AnalysisSpec) -> str:
    """Return what else trading costs and money earns, where anything was asked."""
    liquidity, interest = spec.backtest.liquidity, spec.backtest.interest
    told = []
    if liquidity.half_spread_bps:
        told.append(f"half a spread of {liquidity.half_spread_bps:g} basis points")
    if liquidity.impact_bps:
        told.append(f"an impact of {liquidity.impact_bps:g} basis points for the volume of a whole bar")
    if liquidity.max_volume_share is not None:
        told.append(f"no fill is more than {formats.percent(liquidity.max_volume_share)} of a bar's volume")
    if interest.cash_annual or interest.debt_annual:
        earned, owed = formats.percent(interest.cash_annual), formats.percent(interest.debt_annual)
        told.append(f"cash earns {earned} and debt costs {owed} a year")
    return "".join(f", {each}" for each in told)


def _of_a_model(spec: AnalysisSpec) -> list[str]:
    models = _listed([in_a_sentence(type(each).title) for each in spec.models], "or")
    names = list(dict.fromkeys(in_a_sentence(type(each).title) for each in spec.features))
    validation = spec.validation
    window = "all bars before" if validation.expanding else f"the {validation.train_bars:,} bars before"
    return [
        (
            f"At the close of each bar the model, {models}, reads {formats.plural(len(spec.features), 'feature')} "
            f"of past "
            f"prices ({_listed(names)}) and says {_TASKS.get(spec.label.task, spec.label.task)}: "
            f"{in_a_sentence(type(spec.label).title)}, "
            f"{_parameters(spec.label.model_dump(mode='json', exclude={'name'}))}."
        ),
        (
            f"The model was chosen on the first {validation.train_bars:,} bars, by folds from which overlapping "
            f"labels were "
            f"purged. It then learnt anew every {validation.test_bars:,} bars, from {window}: each traded "
            f"prediction is of "
            "a bar that its model had not seen."
        ),
    ]


def details(spec: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return the parts of a resolved question with their parameters, but for those that are lists of entries."""
    is_rule = read_stored(spec).rule is not None
    return [
        (formats.humanised(name), _parameters(spec[name]))
        for name in _PARTS
        if isinstance(spec.get(name), Mapping) and spec[name] and not (is_rule and name in LEARNING)
    ]


def _parameters(values: Mapping[str, Any]) -> str:
    flat: list[str] = []
    for name, value in values.items():
        if isinstance(value, Mapping):
            flat.append(f"{formats.humanised(name).lower()} ({_parameters(value)})")
        elif isinstance(value, list):
            flat.append(f"{formats.humanised(name).lower()} {', '.join(str(each) for each in value) or 'none'}")
        elif name == "name":
            flat.append(formats.humanised(str(value)).lower())
        else:
            flat.append(f"{formats.humanised(name).lower()} {_value(value)}")
    return ", ".join(flat)


def _value(value: Any) -> str:
    return formats.humanised(value).lower() if isinstance(value, str) and value.islower() else formats.plain(value)


def _listed(names: Sequence[str], joint: str = "and") -> str:
    """Return names as a sentence lists them, the first few of many."""
    shown = list(names[:_MOST_NAMES])
    if len(names) > _MOST_NAMES:
        return f"{', '.join(shown)} {joint} {len(names) - _MOST_NAMES} more"
    return f"{', '.join(shown[:-1])} {joint} {shown[-1]}" if len(shown) > 1 else "".join(shown)
