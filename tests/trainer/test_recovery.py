import re
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from trainer.recovery import BAND, Finding, recover
from trainer.simulate import Setting

SMALL = Setting(n_prompts=20, responses_per_prompt=6, size=6, n_labels=300, every=100, tie_edge=0.5)


def test_what_is_known_is_found_again() -> None:
    found = {finding.name: finding for finding in recover(SMALL, n_runs=20, seed=0)}

    assert found["margins"].estimate == pytest.approx(1, abs=0.25)
    assert found["tie edge"].estimate == pytest.approx(0.5, abs=0.05)
    assert found["position"].estimate == pytest.approx(0, abs=0.1)
    assert found["audit accuracy"].estimate == pytest.approx(found["audit accuracy"].truth, abs=0.03)
    assert all(finding.covered >= 0.8 for finding in found.values())


def test_what_is_said_of_accuracy_is_true_where_a_head_learns_its_pairs_by_heart() -> None:
    """In 256 directions a verdict is half learnt by heart: the second one on its pair is foreseen far too well."""
    setting = Setting(n_prompts=100, size=256, n_labels=600, every=150, audit_share=1.0)

    found = {finding.name: finding for finding in recover(setting, n_runs=40, seed=0)}

    first, second = found["audit accuracy"], found["accuracy by second verdicts"]
    assert first.estimate == pytest.approx(first.truth, abs=0.01)
    assert second.estimate > second.truth + 0.02


def test_a_lean_to_the_left_and_every_person_s_lapses_are_reported() -> None:
    setting = Setting(n_prompts=20, n_labels=600, every=200, position=0.8, lapsing=True)

    found = {finding.name: finding for finding in recover(setting, n_runs=5, seed=0)}

    assert found["position"].estimate == pytest.approx(0.8, abs=0.25)
    assert 0 < found["lapse rates"].estimate < 0.15
    assert found["lapse rates"].band is None
    assert found["margins"].band is None


@pytest.mark.parametrize(
    ("covered", "band", "as_promised"),
    [(0.95, BAND, True), (0.929, BAND, False), (0.981, BAND, False), (0.93, BAND, True), (0.2, None, True)],
)
def test_a_promise_is_kept_within_its_band(covered: float, band: tuple[float, float], as_promised: bool) -> None:
    assert Finding("any", 0, 0, covered, band).as_promised == as_promised


@pytest.mark.parametrize("runs", ["0", "-5", "many", "1.5"])
def test_a_number_of_runs_that_is_none_is_refused(runs: str) -> None:
    with pytest.raises(CommandError, match="is no whole number of at least 1"):
        call_command("simulate", "--runs", runs)


def test_the_command_prints_a_row_per_finding_and_fails_on_a_broken_promise() -> None:
    """Of two runs an interval covers none, half or all: never a share from .93 to .98."""
    printed = StringIO()

    with pytest.raises(CommandError, match="cover too many or too few"):
        call_command("simulate", "--setting", "plain", "--runs", "2", stdout=printed)

    assert re.search(r"^plain +audit accuracy +0\.\d+ +0\.\d+ +[01]\.\d+  0\.93 to 0\.98 !$", printed.getvalue(), re.M)
