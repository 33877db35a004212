"""What people said, as a file recorded it, and which of it is kept from every head and used for scoring alone."""

import random
from collections import Counter
from dataclasses import dataclass, replace
from hashlib import sha256
from io import BytesIO
from pathlib import Path

from annotate.formats.hashes import messages_hash
from annotate.formats.jsonl import read_rows
from annotate.formats.rows import FIRST, SECOND, ImportedPrompt, RowError

MIN_GROUPS = 5  # of prompts; with fewer there is none to spare
DECISIVE = (FIRST, SECOND)
Rows = tuple[ImportedPrompt, ...]


class NothingToReplay(Exception):
    """The file does not hold what a replay needs; the message says what is missing."""


@dataclass(frozen=True)
class Split:
    """Rows to ask about, rows of the same prompts kept for scoring, and rows of prompts kept for scoring."""

    asked: Rows
    held_out_pairs: Rows
    held_out_prompts: Rows


@dataclass(frozen=True)
class Recording:
    """The labelled pairs of a file. digest: of its bytes. n_refused: how many of its lines could not be used."""

    rows: Rows
    digest: str
    n_refused: int

    @classmethod
    def read(cls, path: Path) -> "Recording":
        """Read the good rows that have labels. Raises NothingToReplay."""
        content = path.read_bytes()
        read = list(read_rows(BytesIO(content)))
        errors = [row for row in read if isinstance(row, RowError)]
        refused = {error.line for error in errors}
        rows = tuple(
            replace(row, external_id=row.external_id or f"line {row.line}")
            for row in read
            if isinstance(row, ImportedPrompt) and row.line not in refused and row.labels
        )
        if not rows:
            first = f" Line {errors[0].line}: {errors[0].message}" if errors else ""
            raise NothingToReplay(
                f"No row of {path.name} is a pair with labels, and a replay needs them.{first} "
                'Each row needs "prompt", "response_a", "response_b" and "labels": [{"preferred": "a"}].'
            )
        return cls(rows, sha256(content).hexdigest(), len(refused))

    @property
    def has_ties(self) -> bool:
        return any(label.outcome not in DECISIVE for row in self.rows for label in row.labels)

    @property
    def n_labels(self) -> int:
        return sum(len(row.labels) for row in self.rows)

    def split(self, share: float, seed: int) -> Split:
        """Keep a seeded share of the groups of prompts for scoring, and the same share of the pairs of the others.

        Rows with the same metadata field "group" are of one group; rows without it, of their prompt's. With fewer than
        5 groups no prompt is kept. Raises NothingToReplay where one of the parts has no decisive verdict.
        """
        chance = random.Random(f"held out {seed}")
        groups = sorted({_group(row) for row in self.rows})
        n_kept = max(round(share * len(groups)), 1) if len(groups) >= MIN_GROUPS else 0
        kept = set(chance.sample(groups, n_kept))
        rest = [row for row in self.rows if _group(row) not in kept]
        pairs = set(chance.sample(range(len(rest)), round(share * len(rest))))
        split = Split(
            asked=tuple(row for place, row in enumerate(rest) if place not in pairs),
            held_out_pairs=tuple(row for place, row in enumerate(rest) if place in pairs),
            held_out_prompts=tuple(row for row in self.rows if _group(row) in kept),
        )
        if not _decisive(split.asked) or not _decisive(split.held_out_pairs):
            raise NothingToReplay("The file has too few pairs with a winner to ask about some and to score others.")
        return split


def is_against_the_others(outcome: str, recorded: list[str]) -> bool | None:
    """Say whether most of the others who judged a pair preferred the other response.

    recorded: every verdict on the pair, `outcome` among them. None for a tie, or where fewer than two others were
    decisive or they split evenly.
    """
    others = Counter(recorded)
    others[outcome] -= 1
    if outcome not in DECISIVE or others[FIRST] + others[SECOND] < 2 or others[FIRST] == others[SECOND]:
        return None
    return others[outcome] < others[SECOND if outcome == FIRST else FIRST]


def _group(row: ImportedPrompt) -> str:
    group = row.metadata.get("group")
    return f"group {group}" if group not in (None, "") else messages_hash(row.messages)


def _decisive(rows: Rows) -> bool:
    return any(label.outcome in DECISIVE for row in rows for label in row.labels)
