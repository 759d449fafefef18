"""What a bundle says of itself: whose hashes its members have, and what question, prices and versions they are of.

A bundle is a zip archive of which nothing is compressed, so that it unfolds to no more than it is:

    question.json           the question, resolved
    metrics.json            the metrics
    answer.json             all other facts of the answer
    frames/NAME.parquet     its frames
    manifest.json           this

Its comment is the SHA-256 of all bytes before it.
"""

import hashlib
import re
from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from quant.stages import canonical_json

FORMAT: Final = "assay-bundle"
VERSION: Final = 1
QUESTION, METRICS, ANSWER, MANIFEST = "question.json", "metrics.json", "answer.json", "manifest.json"
FRAME = re.compile(r"frames/([a-z][a-z0-9_]{0,47})\.parquet")
MOST_BYTES = 50 * 1024**2  # of a whole bundle, as of an uploaded file
MOST_MEMBERS = 100

Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Name = Annotated[str, Field(max_length=64, pattern=r"^[!-~]+$")]
Line = Annotated[str, Field(max_length=120, pattern=r"^[^\x00-\x1f\x7f]*$")]


class _Part(BaseModel):
    """Nothing but what is named here, and nothing that is only like it."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, allow_inf_nan=False)


class Member(_Part):
    """A file of the bundle."""

    sha256: Sha256
    n_bytes: int = Field(ge=0, le=MOST_BYTES)


class Vintage(_Part):
    """The prices of one instrument: which they are, not what they are."""

    symbol: Name
    source: Name
    calendar: Name
    currency: Name
    revision: int = Field(ge=1)
    content_hash: Sha256


class Origin(_Part):
    """The analysis that was computed, where it was."""

    id: Annotated[str, Field(pattern=r"^[0-9a-f]{16,32}$")]
    title: Line
    submitted_at: Annotated[AwareDatetime, Field(strict=False)]
    finished_at: Annotated[AwareDatetime, Field(strict=False)]


class Manifest(_Part):
    """What a bundle says of itself; `whole` is the hash of all the rest of it."""

    format: Literal["assay-bundle"] = FORMAT
    version: Literal[1] = VERSION
    made_at: Annotated[AwareDatetime, Field(strict=False)]
    analysis: Origin
    question_hash: Sha256
    result_hash: Sha256
    snapshot_hash: Sha256
    pins: dict[Name, int] = Field(max_length=20)
    versions: dict[Name, Line] = Field(max_length=100)
    prices: list[Vintage] = Field(max_length=1000)
    members: dict[Annotated[str, Field(max_length=80)], Member] = Field(max_length=MOST_MEMBERS)
    whole: Sha256

    def says_whole(self) -> bool:
        """Whether its own hash is that of the rest."""
        return whole_of(self.model_dump(mode="json", exclude={"whole"})) == self.whole


def whole_of(rest: Mapping[str, Any]) -> str:
    """Return the SHA-256 of a manifest without it."""
    return hashlib.sha256(canonical_json(dict(rest)).encode()).hexdigest()
