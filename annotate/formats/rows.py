"""The rows that cross between files and the rest of the code: frozen, typed, without behaviour."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

FIRST: Final = "first"
SECOND: Final = "second"
TIE: Final = "tie"
BOTH_BAD: Final = "both_bad"
OUTCOMES: Final = (FIRST, SECOND, TIE, BOTH_BAD)
STREAMS: Final = ("learn", "audit", "repeat", "gold", "training", "again", "import")
SOURCES: Final = ("live", "import")
ROLES: Final = ("system", "user", "assistant", "tool")


@dataclass(frozen=True, slots=True)
class Message:
    role: str
    content: str


@dataclass(frozen=True, slots=True)
class ImportedResponse:
    text: str
    source: str = ""


@dataclass(frozen=True, slots=True)
class ImportedLabel:
    """Someone's recorded verdict on the two responses of a pair, in the order of the row."""

    annotator: str
    outcome: str
    first_on_left: bool | None = None
    strength: int | None = None
    criteria: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ImportedPrompt:
    """One good row: a prompt with its responses.

    `is_pair`: the two responses are one pair and `external_id` names it; `labels` belong to it, and so does `gold`, its
    known answer in the order of the row.
    Otherwise `external_id` names the prompt, and every two of its responses become a pair.
    """

    line: int
    external_id: str | None
    messages: tuple[Message, ...]
    responses: tuple[ImportedResponse, ...]
    is_pair: bool
    labels: tuple[ImportedLabel, ...] = ()
    gold: str = ""
    gold_note: str = ""
    tags: tuple[str, ...] = ()
    metadata: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RowError:
    """Why a line was refused and what to do about it; line 0 is the file as a whole."""

    line: int
    field: str
    code: str
    message: str


@dataclass(frozen=True, slots=True)
class RowWarning:
    """Something about a line that its owner should know although it is imported."""

    line: int
    field: str
    code: str
    message: str


@dataclass(frozen=True, slots=True)
class CanonicalRow:
    """One comparison, skip or pair without either, whole. The fields stand in the order of the file."""

    pair_id: str
    prompt_id: str
    prompt: tuple[Message, ...]
    first: str
    second: str
    first_source: str = ""
    second_source: str = ""
    first_on_left: bool | None = None
    outcome: str | None = None
    strength: int | None = None
    criteria: Mapping[str, str] = field(default_factory=dict)
    comment: str = ""
    annotator: str | None = None
    leased_at: datetime | None = None
    shown_at: datetime | None = None
    decided_at: datetime | None = None
    seconds: float | None = None
    guideline_version: int | None = None
    stream: str | None = None
    propensity: float | None = None
    snapshot: int | None = None
    p_first_when_shown: float | None = None
    surplus: bool = False
    retracted_at: datetime | None = None
    source: str = "live"
    tags: tuple[str, ...] = ()
    metadata: Mapping[str, Any] = field(default_factory=dict)
