"""What annotators have flagged: read as they saw it, settled with a note, reopened; for researchers."""

from dataclasses import dataclass
from uuid import UUID

from django import forms
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from annotate.forms import SkipReason, checked
from annotate.models import Assignment, Flag, Project, Role
from annotate.permissions import membership_in
from annotate.selectors.flags import flag_on, n_flags
from annotate.selectors.flags import flags as read_flags
from annotate.services.errors import Conflict, InvalidInput, NotFound
from annotate.services.flagging import LONGEST_NOTE, reopen_flag, settle_flag
from annotate.views.judged_pair import Side, judged_pair
from annotate.views.requests import SignedInRequest

PER_PAGE = 10
SKIPPED = dict(SkipReason.choices)


class SettleForm(forms.Form):
    settle = forms.UUIDField()
    note = forms.CharField(required=False, max_length=LONGEST_NOTE)


class ReopenForm(forms.Form):
    reopen = forms.UUIDField()


@dataclass(frozen=True)
class Flagged:
    """One flag with its pair as the annotator saw it; `chose` or else `skipped` says what became of the assignment."""

    flag: Flag
    sides: tuple[Side, Side]
    chose: str
    skipped: str


@never_cache
@require_http_methods(["GET", "POST"])
def flags(request: SignedInRequest, slug: str) -> HttpResponse:
    """Show the flags that are in one state, or settle or reopen one."""
    membership = membership_in(request.user, slug, role=Role.RESEARCHER)
    project = membership.project
    if request.method == "POST":
        _act(request, project)
        return redirect(request.get_full_path())
    wanted = request.GET.get("state")
    state = Flag.State(wanted) if wanted in Flag.State.values else Flag.State.OPEN
    page = Paginator(read_flags(project, state=state), PER_PAGE).get_page(request.GET.get("page"))
    counts = n_flags(project)
    context = {
        "membership": membership,
        "project": project,
        "state": state,
        "states": list(counts.items()),
        "any": any(counts.values()),
        "page": page,
        "flagged": [_flagged(flag) for flag in page],
        "longest_note": LONGEST_NOTE,
    }
    return render(request, "flags.html", context)


def _act(request: SignedInRequest, project: Project) -> None:
    try:
        if "settle" in request.POST:
            sent = checked(SettleForm(request.POST))
            settle_flag(flag=_flag(project, sent["settle"]), by=request.user, note=sent["note"])
            messages.success(request, "Settled.")
        elif "reopen" in request.POST:
            reopen_flag(flag=_flag(project, checked(ReopenForm(request.POST))["reopen"]), by=request.user)
            messages.success(request, "The flag is open again.")
        else:
            raise InvalidInput("Nothing was chosen. Press one of the buttons below a flag.")
    except Conflict as refusal:
        messages.warning(request, refusal.message)


def _flag(project: Project, assignment: UUID) -> Flag:
    flag = flag_on(project, assignment)
    if flag is None:
        raise NotFound("There is no such flag in this project. Reload the page to see those that there are.")
    return flag


def _flagged(flag: Flag) -> Flagged:
    assignment, verdict = flag.assignment, flag.verdict
    pair = judged_pair(assignment, verdict and verdict.outcome)
    skipped = not verdict and assignment.closed_as == Assignment.ClosedAs.SKIPPED
    reason = SKIPPED.get(assignment.skip_reason, assignment.skip_reason)
    return Flagged(flag=flag, sides=pair.sides, chose=pair.chose, skipped=reason if skipped else "")
