"""Lending, judging, undoing, skipping, expiring and lending again in any order agree with a model in memory."""

from dataclasses import dataclass, field
from datetime import timedelta
from itertools import count
from uuid import UUID, uuid4

import pytest
from django.db.models.functions import Now
from hypothesis import HealthCheck, settings, strategies
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from annotate.models import Assignment, Comparison, Outcome, Pair, User
from annotate.services.assigning import lease_again, lease_pairs
from annotate.services.comparing import Verdict, judge_and_lease, retract_comparison, skip_assignment
from annotate.services.errors import AlreadyCompared, Conflict, KeyReused
from annotate.services.slots import release_expired
from tests.factories import make_member, make_pair, make_project

ANNOTATORS, MOST_PAIRS = 3, 5
names = count()
people = strategies.integers(0, ANNOTATORS - 1)


@dataclass
class Lent:
    """What the model knows of one assignment."""

    pair: int
    annotator: int
    state: str = "open"  # expired means open and over; then compared, skipped, undone or returned
    surplus: bool = False
    key: UUID | None = None

    @property
    def takes_slot(self) -> bool:
        return self.state in ("open", "expired") or (self.state == "compared" and not self.surplus)

    @property
    def keeps_away(self) -> bool:
        """Say whether its person is not to be lent the pair as a new one."""
        return self.state in ("open", "expired", "compared", "skipped")


@dataclass
class Model:
    overlaps: dict[int, int]
    lent: dict[int, Lent] = field(default_factory=dict)

    def taken(self, pair: int) -> int:
        return sum(one.takes_slot for one in self.lent.values() if one.pair == pair)

    def has_room(self, pair: int) -> bool:
        return self.taken(pair) < self.overlaps[pair]

    def open_to(self, annotator: int) -> set[int]:
        away = {one.pair for one in self.lent.values() if one.annotator == annotator and one.keeps_away}
        return {pair for pair in self.overlaps if self.has_room(pair)} - away

    def held_by(self, annotator: int) -> set[int]:
        return {pk for pk, one in self.lent.items() if one.annotator == annotator and one.state == "open"}

    def return_expired(self) -> None:
        for one in self.lent.values():
            one.state = "returned" if one.state == "expired" else one.state


class Serving(RuleBasedStateMachine):
    assignments = Bundle("assignments")

    @initialize(overlaps=strategies.lists(strategies.integers(1, 2), min_size=1, max_size=MOST_PAIRS))
    def begin(self, overlaps: list[int]) -> None:
        number = next(names)
        self.project = make_project(f"machine-{number}")
        pairs = [make_pair(self.project, place, overlap=overlap) for place, overlap in enumerate(overlaps)]
        self.people: list[User] = [make_member(self.project, f"m{number}-{n}") for n in range(ANNOTATORS)]
        self.model = Model({pair.pk: pair.overlap for pair in pairs})

    @rule(target=assignments, who=people, n=strategies.integers(1, 3))
    def lease(self, who: int, n: int) -> int:
        before = self.model.held_by(who)
        held = lease_pairs(project=self.project, annotator=self.people[who], n=n)
        self._took(who, held, before, n)
        return held[0].pk if held else 0

    @rule(target=assignments, assignment=assignments, n=strategies.integers(0, 2))
    def judge(self, assignment: int, n: int) -> int:
        if not (one := self.model.lent.get(assignment)):
            return 0
        verdict = Verdict(Outcome.FIRST, uuid4())
        if one.state == "compared":
            with pytest.raises(AlreadyCompared):
                judge_and_lease(assignment=self._row(assignment), verdict=verdict, by=self.people[one.annotator], n=n)
            return 0
        one.surplus = not one.takes_slot and not self.model.has_room(one.pair)
        one.state, one.key = "compared", verdict.client_key
        before = self.model.held_by(one.annotator)
        nothing_to_lend = not before and not self.model.open_to(one.annotator)
        judged = judge_and_lease(assignment=self._row(assignment), verdict=verdict, by=self.people[one.annotator], n=n)
        assert (judged.stored, judged.comparison.surplus) == (True, one.surplus)
        if n:
            self._took(one.annotator, judged.held, before, n, patient=nothing_to_lend)
        return judged.held[-1].pk if judged.held else 0

    @rule(assignment=assignments, same=strategies.booleans())
    def judge_again_with_the_same_key(self, assignment: int, same: bool) -> None:
        one = self.model.lent.get(assignment)
        if not one or not one.key:
            return
        verdict = Verdict(Outcome.FIRST if same else Outcome.SECOND, one.key)
        row, by = self._row(assignment), self.people[one.annotator]
        if not same:
            with pytest.raises(KeyReused):
                judge_and_lease(assignment=row, verdict=verdict, by=by)
            return
        judged = judge_and_lease(assignment=row, verdict=verdict, by=by)
        assert (judged.stored, judged.comparison.client_key) == (False, one.key)

    @rule(assignment=assignments)
    def undo(self, assignment: int) -> None:
        one = self.model.lent.get(assignment)
        if not one or not one.key:
            return
        comparison = Comparison.objects.get(client_key=one.key)
        if one.state == "compared":
            retract_comparison(comparison=comparison, by=self.people[one.annotator])
            one.state = "undone"
            return
        assert not retract_comparison(comparison=comparison, by=self.people[one.annotator])

    @rule(assignment=assignments)
    def skip(self, assignment: int) -> None:
        if not (one := self.model.lent.get(assignment)):
            return
        row, by = self._row(assignment), self.people[one.annotator]
        if one.state in ("open", "expired"):
            skip_assignment(assignment=row, reason="too hard", by=by)
            one.state = "skipped"
            return
        with pytest.raises(Conflict):
            skip_assignment(assignment=row, reason="too hard", by=by)

    @rule(assignment=assignments)
    def reopen(self, assignment: int) -> None:
        if not (one := self.model.lent.get(assignment)):
            return
        may = one.state in ("skipped", "undone", "returned") and self.model.has_room(one.pair)
        assert (lease_again(self._row(assignment)) is not None) == may
        one.state = "open" if may else one.state

    @rule(assignment=assignments)
    def let_the_lease_end(self, assignment: int) -> None:
        one = self.model.lent.get(assignment)
        if one and one.state == "open":
            Assignment.objects.filter(pk=assignment).update(lease_ends_at=Now() - timedelta(seconds=1))
            one.state = "expired"

    @rule()
    def tick(self) -> None:
        release_expired(self.project)
        self.model.return_expired()

    @invariant()
    def slots_are_what_the_model_says(self) -> None:
        if hasattr(self, "model"):
            stored = dict(Pair.objects.filter(project=self.project).values_list("pk", "slots_taken"))
            assert stored == {pair: self.model.taken(pair) for pair in self.model.overlaps}

    @invariant()
    def each_pair_has_at_most_one_standing_verdict_of_a_person(self) -> None:
        if hasattr(self, "model"):
            standing = Comparison.objects.live().filter(project=self.project).values_list("assignment_id", flat=True)
            judged = [pk for pk, one in self.model.lent.items() if one.state == "compared"]
            assert sorted(standing) == sorted(judged)

    def _took(self, who: int, held: list[Assignment], before: set[int], n: int, *, patient: bool = True) -> None:
        """Check that what was lent might be, and that nothing was held back; then note it in the model."""
        missing = max(0, n - len(before))
        if missing > len(self.model.open_to(who)) and patient:
            self.model.return_expired()
        free = self.model.open_to(who)
        new = [one for one in held if one.pk not in before]
        assert {one.pk for one in held} - {one.pk for one in new} <= before
        assert {one.pair_id for one in new} <= free
        assert len(held) == min(n, len(before) + len(free))
        for one in new:
            known = self.model.lent.setdefault(one.pk, Lent(one.pair_id, who))
            known.state = "open"

    def _row(self, assignment: int) -> Assignment:
        return Assignment.objects.select_related("project", "annotator").get(pk=assignment)


@pytest.mark.django_db
def test_serving_agrees_with_a_model_in_memory() -> None:
    run_state_machine_as_test(  # type: ignore[no-untyped-call]
        Serving,
        settings=settings(
            max_examples=30, stateful_step_count=40, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )


@pytest.mark.long
@pytest.mark.django_db
def test_serving_agrees_with_a_model_in_memory_for_long() -> None:
    run_state_machine_as_test(  # type: ignore[no-untyped-call]
        Serving,
        settings=settings(
            max_examples=600, stateful_step_count=60, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )
