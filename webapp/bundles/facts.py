"""What the facts of an answer that somebody brings must be, for those who show them; more is taken as it is."""

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from quant.spec import AnalysisSpec

# What a database keeps: PostgreSQL takes no NUL.
Text = Annotated[str, Field(max_length=10_000, pattern=r"^[^\x00]*$")]
Name = Annotated[str, Field(max_length=64)]
MOST_FACTS = 200_000  # values, however they are nested: a question of 500 instruments has some thousands
_DEEPEST = 40
_LISTED = 5


class _Part(BaseModel):
    model_config = ConfigDict(extra="allow", strict=True)


class _Verdict(_Part):
    level: Name
    text: Text
    is_credible: bool | None


class _Metric(_Part):
    name: Name
    value: float | None
    benchmark_value: float | None
    segment: Name


class _Chosen(_Part):
    trial: int
    kind: Name
    number: int
    model: Name
    title: Text
    parameters: dict[str, Any]
    score_name: Name | None
    score: float | None
    target: float | None
    target_met: bool | None


class _Luck(_Part):
    sharpe_ratio: float | None
    deflated_sharpe_ratio: float | None
    n_trials: int
    n_returns: int
    trial_variance: float
    skewness: float | None
    raw_kurtosis: float | None
    minimum_track_record_length: float | None


class _Audit(_Part):
    passed: bool
    cuts: list[Any]
    compared: dict[str, int]
    differences: list[Any]


class _Honesty(_Part):
    audit: _Audit | None
    purge: dict[str, dict[str, Any]]
    luck: _Luck
    overfitting: dict[str, Any] | None
    null_test: dict[str, Any] | None


class _Instrument(_Part):
    symbol: Name
    source: Name
    calendar: Name
    currency: Name
    n_bars: int
    n_days: int | None = None
    first_session: Name
    last_session: Name
    findings: list[dict[str, Any]]


class _Bars(_Part):
    title: Name
    a_year: float


class _Data(_Part):
    snapshot_hash: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    n_samples: int
    bars: _Bars | None = None
    instruments: Annotated[list[_Instrument], Field(min_length=1)]


class _Latest(_Part):
    task: Name
    as_of: Name
    predictions: list[dict[str, Any]]


class _Facts(_Part):
    verdict: _Verdict
    metrics: Annotated[list[_Metric], Field(min_length=1)]
    chosen: _Chosen
    tuning: dict[str, Any]
    honesty: _Honesty
    data: _Data
    latest: _Latest
    trading: dict[str, Any]
    scores: dict[str, float | None]
    spec_hash: str
    seed: int


def faults_of(facts: Any, spec: AnalysisSpec) -> list[str]:
    """Return what is wrong with the facts of an answer to this question, the first of it."""
    try:
        _count(facts, 0)
        found = _Facts.model_validate(facts)
    except ValidationError as error:
        return [
            f"{'.'.join(map(str, each['loc']))}: {each['msg'].lower()}"
            for each in error.errors(include_url=False, include_input=False)[:_LISTED]
        ]
    except ValueError as error:
        return [str(error)]
    asked = [(each.symbol, each.source) for each in spec.instruments]
    answered = [(each.symbol, each.source) for each in found.data.instruments]
    faults = [] if asked == answered else ["data.instruments: expected those of the question; found others"]
    counted = [found.data.bars is not None, *(each.n_days is not None for each in found.data.instruments)]
    if any(is_told != spec.bars.gathers for is_told in counted):
        faults.append(
            "data.bars: expected what the question's bars were gathered from, and nothing of days; found else"
        )
    if found.spec_hash != spec.hash():
        faults.append("spec_hash: expected that of the question; found another")
    return faults


def _count(value: Any, depth: int) -> int:
    """Return how many values there are; refuses what is nested too deeply or is too much."""
    if depth > _DEEPEST:
        raise ValueError(f"expected facts that are nested at most {_DEEPEST} deep")
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    n_values = 1 + sum(_count(part, depth + 1) for part in parts)
    if n_values > MOST_FACTS:
        raise ValueError(f"expected at most {MOST_FACTS:,} facts")
    return n_values
