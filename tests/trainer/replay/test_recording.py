from pathlib import Path

import pytest

from annotate.formats.rows import ImportedPrompt
from tests.trainer.replay.recorded import recorded_file, recorded_rows
from trainer.replay.recording import NothingToReplay, Recording, is_against_the_others


def ids(rows: tuple[ImportedPrompt, ...]) -> set[str | None]:
    return {row.external_id for row in rows}


def test_every_pair_is_asked_about_or_held_out_and_no_prompt_is_in_two_places(tmp_path: Path) -> None:
    recording = Recording.read(recorded_file(tmp_path))

    split = recording.split(0.25, seed=3)

    prompts = {row.messages for row in split.held_out_prompts}
    assert len(split.asked) + len(split.held_out_pairs) + len(split.held_out_prompts) == 36
    assert len(ids(split.asked) | ids(split.held_out_pairs) | ids(split.held_out_prompts)) == 36
    assert len(prompts) == 2
    assert not prompts & {row.messages for row in (*split.asked, *split.held_out_pairs)}
    assert len(split.held_out_pairs) == round(0.25 * (36 - 12))


def test_the_split_is_that_of_its_seed(tmp_path: Path) -> None:
    recording = Recording.read(recorded_file(tmp_path))

    assert recording.split(0.25, seed=1) == recording.split(0.25, seed=1) != recording.split(0.25, seed=2)


def test_of_few_prompts_none_is_held_out(tmp_path: Path) -> None:
    recording = Recording.read(recorded_file(tmp_path, recorded_rows(n_prompts=4)))

    assert recording.split(0.25, seed=0).held_out_prompts == ()


def test_prompts_of_one_group_stay_together(tmp_path: Path) -> None:
    rows = [row | {"group": place // 4} for place, row in enumerate(recorded_rows(n_prompts=6))]
    recording = Recording.read(recorded_file(tmp_path, rows))

    split = recording.split(0.25, seed=0)

    kept = {row.metadata["group"] for row in split.held_out_prompts}
    assert kept
    assert not kept & {row.metadata["group"] for row in (*split.asked, *split.held_out_pairs)}


def test_bad_lines_are_counted_and_left_out(tmp_path: Path) -> None:
    path = recorded_file(tmp_path)
    path.write_text(path.read_text() + '{"prompt": 3}\nno JSON\n')

    recording = Recording.read(path)

    assert len(recording.rows) == 36
    assert recording.n_refused == 2


def test_a_file_without_labels_says_what_is_missing(tmp_path: Path) -> None:
    rows = [{name: value for name, value in row.items() if name != "labels"} for row in recorded_rows()]

    with pytest.raises(NothingToReplay, match=r'No row of recorded\.jsonl is a pair with labels.*"labels"'):
        Recording.read(recorded_file(tmp_path, rows))


def test_a_file_of_bad_lines_says_what_is_wrong_with_the_first(tmp_path: Path) -> None:
    path = tmp_path / "bad.jsonl"
    path.write_text("no JSON\n")

    with pytest.raises(NothingToReplay, match="Line 1: "):
        Recording.read(path)


def test_a_file_of_ties_alone_cannot_be_scored(tmp_path: Path) -> None:
    tied = [row | {"labels": [{"preferred": "tie"}]} for row in recorded_rows()]

    with pytest.raises(NothingToReplay, match="too few pairs with a winner"):
        Recording.read(recorded_file(tmp_path, tied)).split(0.2, seed=0)


@pytest.mark.parametrize(
    ("outcome", "recorded", "against"),
    [
        ("first", ["first", "second", "second"], True),
        ("second", ["first", "second", "second"], None),  # of the two others one is on either side
        ("second", ["second", "second", "second", "first"], False),
        ("first", ["first", "second"], None),  # only one other
        ("first", ["first", "second", "tie"], None),
        ("tie", ["tie", "second", "second"], None),
    ],
)
def test_a_verdict_is_against_the_others_where_most_of_them_chose_the_other_side(
    outcome: str, recorded: list[str], against: bool | None
) -> None:
    assert is_against_the_others(outcome, recorded) is against
