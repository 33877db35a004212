"""A recorded file of small prompts whose people mostly prefer the longer of two short texts."""

import json
import random
from pathlib import Path
from typing import Any

SUBJECTS = ("the sea", "a clock", "rain", "bread", "the moon", "a bridge", "salt", "an owl")
TEXTS = ("Yes.", "It is old.", "It is older than anybody knows.", "Nobody can say, and many have tried to for years.")


def recorded_rows(*, n_prompts: int = 6, n_people: int = 3, ties: bool = False, seed: int = 0) -> list[dict[str, Any]]:
    """Return all pairs of 4 responses per prompt, each with a verdict of every person; `b` is the longer one."""
    rng = random.Random(seed)
    verdicts = ["b", "b", "b", "a", *(["tie"] if ties else [])]
    return [
        {
            "id": f"{subject} {one}-{other}",
            "prompt": f"What do you think of {subject}?",
            "response_a": TEXTS[one],
            "response_b": TEXTS[other],
            "labels": [{"annotator": f"p{k}", "preferred": rng.choice(verdicts)} for k in range(n_people)],
        }
        for subject in SUBJECTS[:n_prompts]
        for one in range(4)
        for other in range(one + 1, 4)
    ]


def recorded_file(folder: Path, rows: list[dict[str, Any]] | None = None) -> Path:
    path = folder / "recorded.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in (recorded_rows() if rows is None else rows)))
    return path
