"""Take a person's verdicts out of the count, and back in. Nothing is deleted: both are events on the comparisons."""

from typing import Any

from django.db import transaction
from django.db.models import F, QuerySet
from django.db.models.functions import Now

from annotate.models import AskedAgain, AuditEvent, Comparison, ComparisonEvent, Pair, Project, Stream, User

AT_ONCE = 500


@transaction.atomic
def void_comparisons(*, project: Project, annotator: User, by: User) -> int:
    """Void all live verdicts of a person and free their slots, so that others are asked; return how many."""
    voided = [one for one in _locked(project, annotator) if one.voided_at is None]
    for some in _in_parts(voided):
        part = Comparison.objects.filter(pk__in=some)
        part.update(voided_at=Now())
        Pair.objects.filter(pk__in=_slots_of(part)).update(slots_taken=F("slots_taken") - 1)
        AskedAgain.objects.filter(pair__in=_answers(part).values("assignment__pair")).update(taken=False)
    _record(project, voided, ComparisonEvent.Kind.VOID, annotator, by)
    return len(voided)


@transaction.atomic
def restore_comparisons(*, project: Project, annotator: User, by: User) -> int:
    """Restore what was voided of a person; return how many. A verdict whose slot has gone meanwhile becomes surplus."""
    restored = [one for one in _locked(project, annotator) if one.voided_at is not None]
    for some in _in_parts(restored):
        part = Comparison.objects.filter(pk__in=some)
        with_room = Pair.objects.filter(pk__in=_slots_of(part), slots_taken__lt=F("overlap"))
        free = set(with_room.values_list("pk", flat=True))
        kept = part.filter(surplus=False, assignment__stream__in=Stream.with_slots())
        kept.exclude(assignment__pair__in=free).update(surplus=True)
        Pair.objects.filter(pk__in=free).update(slots_taken=F("slots_taken") + 1)
        _take_again(_answers(part))
        part.update(voided_at=None)
    _record(project, restored, ComparisonEvent.Kind.RESTORE, annotator, by)
    return len(restored)


def _locked(project: Project, annotator: User) -> list[Comparison]:
    """Lock a person's standing verdicts, then their pairs in order of id, and return the verdicts."""
    own = Comparison.objects.filter(project=project, assignment__annotator=annotator, retracted_at=None)
    made = list(own.select_for_update(of=("self",)).order_by("pk"))
    list(Pair.objects.select_for_update().filter(pk__in=_slots_of(own)).order_by("pk").values_list("pk"))
    return made


def _slots_of(comparisons: QuerySet[Comparison]) -> QuerySet[Comparison, Any]:
    """Return the pairs of which these comparisons hold a slot."""
    holding = comparisons.filter(surplus=False, assignment__stream__in=Stream.with_slots())
    return holding.values("assignment__pair")


def _answers(comparisons: QuerySet[Comparison]) -> QuerySet[Comparison]:
    """Return the comparisons that hold the slot of a pair that was asked again."""
    return comparisons.filter(surplus=False, assignment__stream=Stream.AGAIN)


def _take_again(answers: QuerySet[Comparison]) -> None:
    """Take the slots of what was asked again back, where nobody else has answered meanwhile; the rest is surplus."""
    asked = AskedAgain.objects.select_for_update().filter(pair__in=answers.values("assignment__pair"), taken=False)
    free = dict(asked.order_by("pk").values_list("pk", "pair"))
    answers.exclude(assignment__pair__in=free.values()).update(surplus=True)
    AskedAgain.objects.filter(pk__in=free).update(taken=True)


def _in_parts(comparisons: list[Comparison]) -> list[list[int]]:
    ids = [one.pk for one in comparisons]
    return [ids[start : start + AT_ONCE] for start in range(0, len(ids), AT_ONCE)]


def _record(
    project: Project, comparisons: list[Comparison], kind: ComparisonEvent.Kind, annotator: User, by: User
) -> None:
    ComparisonEvent.objects.bulk_create(
        (ComparisonEvent(project=project, comparison=one, kind=kind, by=by) for one in comparisons), batch_size=AT_ONCE
    )
    verb = {"void": "voided verdicts in", "restore": "restored verdicts in"}[kind]
    target = f"{project.slug}: {len(comparisons)} of {annotator.username}"
    AuditEvent.objects.create(actor=by, verb=verb, target=target[:200])
