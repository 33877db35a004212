"""Ask one more person about surprising verdicts, blindly, among as many controls.

Each pair gets a slot of its own for it (annotate/services/slots.py), beside those that its overlap gives it, and
whoever takes it is not told why: the assignment looks like any other.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from django.db import transaction

from annotate.models import AskedAgain, AuditEvent, Comparison, Disagreement, Project, User
from annotate.selectors.asked_again import can_be_asked
from annotate.services.errors import Conflict, InvalidInput

MOST_AT_ONCE = 100


@dataclass(frozen=True)
class Asked:
    """How many surprising verdicts are asked again, and how many controls go among them."""

    n_surprising: int
    n_controls: int


@transaction.atomic
def ask_again(*, project: Project, by: User, chosen: Iterable[UUID] = (), top: int = 0) -> Asked:
    """Have one more person judge the pairs of these comparisons, or of the `top` most surprising, and their controls.

    Those that were asked before are left out, and so are ties: nothing contradicts them. Raises InvalidInput for no
    choice or one too large and in a project that asks for rankings, Conflict where nothing of it can be asked again.
    """
    if project.asks_for_rankings:
        raise InvalidInput("This project asks for rankings, which ask no single pair again. Read its verdicts instead.")
    wanted = set(chosen)
    if not 0 < max(len(wanted), top) <= MOST_AT_ONCE:
        raise InvalidInput(f"Choose 1 to {MOST_AT_ONCE} disagreements to ask again about.")
    Project.objects.select_for_update(no_key=True).get(pk=project.pk)
    rows = can_be_asked(project).select_related("control__assignment__pair__asked_again")
    of_pair: dict[int, Disagreement] = {}
    for row in rows.filter(comparison__public_id__in=wanted) if wanted else rows:
        of_pair.setdefault(row.comparison.assignment.pair_id, row)
    asked = _ask(project, by, list(of_pair.values())[: len(wanted) or top])
    if not asked.n_surprising:
        raise Conflict("None of these can be asked again: they were asked before, are ties, or their pairs are closed.")
    AuditEvent.objects.record(by=by, verb=f"asked again about {asked.n_surprising} verdicts in", target=project.slug)
    return asked


def _ask(project: Project, by: User, rows: Iterable[Disagreement]) -> Asked:
    n_surprising = n_controls = 0
    for row in rows:
        surprising = _store(project, by, row.comparison, row.p_left_out)
        n_surprising += 1
        if row.control and row.control_p_left_out is not None and _can_be_control(row.control):
            _store(project, by, row.control, row.control_p_left_out, control_of=surprising)
            n_controls += 1
    return Asked(n_surprising, n_controls)


def _can_be_control(comparison: Comparison) -> bool:
    pair = comparison.assignment.pair
    live = comparison.retracted_at is None and comparison.voided_at is None
    return live and pair.open and not hasattr(pair, "asked_again")


def _store(
    project: Project, by: User, comparison: Comparison, p_left_out: float, control_of: AskedAgain | None = None
) -> AskedAgain:
    return AskedAgain.objects.create(
        project=project,
        comparison=comparison,
        pair_id=comparison.assignment.pair_id,
        p_left_out=p_left_out,
        control_of=control_of,
        by=by,
    )
