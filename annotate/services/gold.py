"""Gold pairs, whose answer is known: setting them, and the training round that they make up.

A gold pair takes no slots and teaches no head; it measures people.
"""

from django.db import transaction
from django.db.models import F
from django.db.models.functions import Now

from annotate.models import AuditEvent, Comparison, Membership, Outcome, Pair, Project, QueuedPair, Stream, User
from annotate.services.errors import InvalidInput
from annotate.services.verdicts import check_text

LONGEST_NOTE = 2_000


@transaction.atomic
def set_gold(*, pair: Pair, outcome: Outcome, by: User, note: str = "") -> None:
    """Make `outcome` the known answer of a pair: nobody is lent it for a slot any more. Setting it again replaces it.

    Raises InvalidInput for an outcome that the project does not offer, or a note that cannot be stored.
    """
    if pair.project.asks_for_rankings:
        raise InvalidInput("This project asks for rankings, which ask no gold pairs. Let its pairs be ranked instead.")
    if outcome not in pair.project.offered_outcomes:
        raise InvalidInput(f"This project does not offer {outcome!r}. Choose one of its outcomes.")
    check_text(note, "note", at_most=LONGEST_NOTE)
    Pair.objects.filter(pk=pair.pk).update(gold_outcome=outcome, gold_note=note, open=False)
    QueuedPair.objects.filter(pair=pair).delete()
    _record(by, "set a gold answer in", pair)


@transaction.atomic
def clear_gold(*, pair: Pair, by: User) -> None:
    """Make a gold pair an ordinary one again, open to be judged; what was judged on it as gold stays gold."""
    if Pair.objects.filter(pk=pair.pk).exclude(gold_outcome="").update(gold_outcome="", gold_note="", open=True):
        _record(by, "cleared a gold answer in", pair)


def note_training(comparison: Comparison, membership: Membership) -> None:
    """End its annotator's training round if this was the last right answer it takes.

    Call inside a transaction, the membership locked.
    """
    assignment = comparison.assignment
    if assignment.stream != Stream.TRAINING:
        return
    own = Comparison.objects.live().filter(
        project_id=comparison.project_id,
        assignment__annotator=assignment.annotator_id,
        assignment__stream=Stream.TRAINING,
        outcome=F("assignment__pair__gold_outcome"),
    )
    if own.count() >= comparison.project.training_pairs:
        _pass(comparison.project, assignment.annotator_id)
        membership.refresh_from_db(fields=["trained_at"])


def let_pass(*, project: Project, annotator: User, by: User) -> None:
    """End a member's training round whatever they answered."""
    _pass(project, annotator.pk)
    AuditEvent.objects.record(by=by, verb=f"let {annotator.username} pass in", target=project.slug)


def _pass(project: Project, annotator: int) -> None:
    Membership.objects.filter(project=project, user=annotator, trained_at=None).update(trained_at=Now())


def _record(by: User, verb: str, pair: Pair) -> None:
    AuditEvent.objects.record(by=by, verb=verb, target=f"{pair.project.slug}: {pair}")
