"""The catalogue: everything that a question can be made of, and what the numbers of an answer mean."""

import inspect
from functools import cache
from typing import Any

from flask import Response

from quant.backtest.catalog import FixedFraction, Kelly, VolatilityTarget
from quant.bars.day_catalog import DAY_BARS
from quant.catalog import Spec, describe
from quant.features.catalog import FEATURES, PRESETS
from quant.labels.catalog import LABELS
from quant.models.catalog import MODELS
from quant.portfolio.catalog import ALLOCATIONS
from quant.risk.definitions import DEFINITIONS
from quant.spec import AnalysisSpec
from quant.strategies.catalog import STRATEGIES
from quant.transforms.catalog import TRANSFORMS
from quant.validation.scores import SCORES
from webapp.api.answers import to_json
from webapp.api.operations import Answer, operation
from webapp.api.schemas import Catalog, CatalogMetric, CatalogScore

SIZING: tuple[type[Spec], ...] = (FixedFraction, VolatilityTarget, Kelly)


@operation(
    "GET",
    "/catalog",
    tag="Catalogue",
    summary="See what a question can be made of",
    answers={200: Answer("The catalogue.", Catalog)},
)
def read_catalog() -> Response:
    """Return what a question can be made of, scores and metrics, and the JSON schema of the whole question."""
    return to_json(_catalog())


@cache
def _catalog() -> Catalog:
    return Catalog.model_validate(
        {
            "bars": describe(DAY_BARS),
            "features": describe(FEATURES),
            "presets": [preset.model_dump(mode="json") for preset in PRESETS],
            "labels": describe(LABELS),
            "models": describe(MODELS),
            "transforms": describe(TRANSFORMS),
            "allocations": describe(ALLOCATIONS),
            "strategies": describe(STRATEGIES),
            "sizing": [_describe_part(part, "Sizing") for part in SIZING],
            "scores": [CatalogScore.model_validate(score) for score in SCORES.values()],
            "metrics": [CatalogMetric.model_validate(metric) for metric in DEFINITIONS.values()],
            "spec": AnalysisSpec.model_json_schema(),
        }
    )


def _describe_part(part: type[Spec], category: str) -> dict[str, Any]:
    """Return a part of a question that is no catalogue entry in the words of one."""
    name = part.model_fields["name"].default
    return {
        "name": name,
        "title": name.replace("_", " ").capitalize(),
        "summary": inspect.getdoc(part),
        "category": category,
        "version": 1,
        "reference": "",
        "parameters": part.model_json_schema(),
    }
