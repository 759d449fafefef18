"""Whether an answer can be believed: the audit, the certificates, and what luck explains, in sentences."""

from collections.abc import Mapping
from typing import Any

from quant.catalog import in_a_sentence
from quant.validation.scores import SCORES
from webapp import formats
from webapp.reports import words
from webapp.reports.blocks import Bullets, Paragraph, Section
from webapp.services.results import ResultView

_LITTLE, _EVEN = 0.05, 0.5


def belief(result: ResultView) -> Section:
    """Return what was searched for and what luck explains, each in a sentence with whether it holds."""
    honesty = result.facts["honesty"]
    luck, audit, choice, chance = (
        honesty["luck"],
        honesty["audit"],
        honesty.get("overfitting"),
        honesty.get("null_test"),
    )
    deflated = luck["deflated_sharpe_ratio"]
    lines = [_audited(audit), *([_purged(honesty["purge"])] if honesty["purge"] else [])]
    if deflated is None:
        lines.append(("open", "There is no Sharpe ratio to hold against luck."))
    else:
        is_good = deflated >= 1 - _LITTLE
        lines.append(
            (
                "good" if is_good else "bad",
                (
                    f"Deflated Sharpe ratio {formats.p_value(deflated)}: the probability that the true Sharpe ratio is "
                    f"above what the best of {formats.plural(luck['n_trials'], 'trial')} reaches by luck. "
                    f"{'It convinces' if is_good else 'It does not convince'}: 0.95 would be needed."
                ),
            )
        )
    if choice:
        told = words.choice_in_words(choice, result.facts.get("sweep"))
        lines.append(("good" if choice["probability"] < _EVEN else "bad", told))
    else:
        lines.append(("open", "Too few trials to ask whether choosing among them chose skill."))
    if chance and chance["p_value"] is not None:
        lines.append(("good" if chance["p_value"] <= _LITTLE else "bad", words.chance_in_words(chance)))
    lines += _on_request(honesty)
    return Section("Can it be believed?", [Bullets(lines), _ledger(result)])


def _on_request(honesty: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return what the question asked for beside: many paths, chance runs, a choice for each fold."""
    lines: list[tuple[str, str]] = []
    paths, runs, nested = (honesty.get(name) for name in ("paths", "chance_runs", "nested"))
    if paths:
        share = paths["share_at_or_below_zero"]
        state = "open" if share is None else "good" if share == 0.0 else "open" if share < _EVEN else "bad"
        lines.append((state, words.paths_in_words(paths)))
    if runs:
        title = in_a_sentence(SCORES[runs["score_name"]].title)
        known = [each for each in (runs["score_p_value"], runs["sharpe_p_value"]) if each is not None]
        state = "good" if known and max(known) <= _LITTLE else "open" if known and min(known) <= _LITTLE else "bad"
        lines.append((state, words.chance_runs_in_words(runs, title)))
    if nested:
        lines.append(("good", words.nested_in_words(nested)))
    return lines


def _ledger(result: ResultView) -> Paragraph:
    """Return how many trials there were, here and by anyone, and how long a record it takes."""
    luck = result.facts["honesty"]["luck"]
    return Paragraph(
        f"{formats.plural(luck['n_trials'], 'trial was', 'trials were')} made for this answer, and "
        f"{formats.plural(result.n_ledger_trials, 'trial')} by anyone on these prices until this report was made; "
        f"counting those, the deflated Sharpe ratio is {formats.p_value(result.deflated_by_ledger)}. At this Sharpe "
        f"ratio, {formats.count(luck['minimum_track_record_length'])} bars are needed to be 95 % sure that it is above "
        f"zero; there are {formats.count(luck['n_returns'])}."
    )


def _audited(audit: Mapping[str, Any] | None) -> tuple[str, str]:
    if audit is None:
        return "open", "The search for look-ahead was switched off in the question."
    if audit["passed"]:
        n_compared = formats.count(sum(audit["compared"].values()))
        return (
            "good",
            (
                f"Look-ahead audit passed: at {formats.plural(len(audit['cuts']), 'bar')} everything later was taken "
                f"away and "
                f"the run repeated; {n_compared} values up to the cuts came out the same, to the last bit."
            ),
        )
    return "bad", f"Look-ahead audit failed: {formats.sentence(audit['differences'][0]['in_words'])}"


def _purged(certificates: Mapping[str, Mapping[str, Any]]) -> tuple[str, str]:
    checked = sum(each["n_labels_checked"] for each in certificates.values())
    purged = sum(each["n_purged"] + each["n_embargoed"] for each in certificates.values())
    return (
        "good",
        (
            f"Purge certificate: no label of training meets a test window in any fold; {formats.count(checked)} labels "
            f"were checked, {formats.count(purged)} taken out."
        ),
    )
