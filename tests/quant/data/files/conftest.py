"""Files of real prices, whole and damaged, for the tests of the gate."""

from collections.abc import Callable
from importlib import resources
from pathlib import Path

import pandas as pd
import pytest

from quant.data.files.examination import Examination, examine
from quant.data.files.layout import LayoutChoices

NOW = pd.Timestamp("2020-06-30 22:00", tz="UTC")
HEADER = ["timestamp", "open", "high", "low", "close", "volume", "adjusted_close"]


@pytest.fixture(scope="session")
def sample_rows() -> Callable[..., list[list[str]]]:
    """Rows of the packaged prices as they stand in their files, without the names of the columns."""
    text = {
        symbol: resources.files("quant.data").joinpath("sample", f"{symbol}.csv").read_text().splitlines()[1:]
        for symbol in ("GOOG", "IBM", "MSFT")
    }

    def rows(symbol: str = "IBM", first: int = 0, n_rows: int = 60) -> list[list[str]]:
        return [line.split(",") for line in text[symbol][first : first + n_rows]]

    return rows


@pytest.fixture(scope="session")
def judge(tmp_path_factory) -> Callable[..., Examination]:
    """Judge text, bytes, or rows below the usual names, at a fixed moment."""
    folder: Path = tmp_path_factory.mktemp("files")

    def run(content, *, decisions=None, header=HEADER, **choices) -> Examination:
        if isinstance(content, list):
            content = "\n".join(",".join(row) for row in [header, *content]) + "\n"
        file = folder / "prices"
        file.write_bytes(content if isinstance(content, bytes) else content.encode())
        return examine(file, LayoutChoices(**choices), decisions, now=NOW)

    return run


@pytest.fixture(scope="session")
def codes() -> Callable[[Examination], dict]:
    """Findings by their code."""
    return lambda examination: {finding.code: finding for finding in examination.findings}
