"""A project's settings, its encoder, its members and its invitations; for its admins."""

from copy import copy

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from annotate.encoder_form import EncoderForm
from annotate.forms import InvitationForm, SettingsForm
from annotate.models import Membership, Project, Role
from annotate.permissions import membership_in
from annotate.quality_form import QualityForm
from annotate.selectors.gold import gold_pairs
from annotate.selectors.leaks import leaks
from annotate.selectors.members import members, open_invitations
from annotate.services.encoders import choose_encoder
from annotate.services.errors import Conflict, InvalidInput, NotAllowed
from annotate.services.projects import archive_project, change_project, pause_project, resume_project
from annotate.views.members import MEMBER_ACTIONS, Shown
from annotate.views.requests import SignedInRequest

STATES = {"pause": pause_project, "resume": resume_project, "archive": archive_project}

MOST_LEAKS = 20


@never_cache
@require_http_methods(["GET", "POST"])
def settings(request: SignedInRequest, slug: str) -> HttpResponse:
    """Show the settings, or do what the pressed button's name says and show what came of it."""
    membership = membership_in(request.user, slug, role=Role.ADMIN)
    saves = {"save": _save, "save_quality": _save_quality, "choose_encoder": _choose_encoder}
    actions = saves | {"state": _change_state} | MEMBER_ACTIONS
    pressed = [act for name, act in actions.items() if name in request.POST]
    if not pressed:
        return _page(request, membership, {})
    try:
        shown = pressed[0](request, membership.project)
    except (Conflict, NotAllowed) as refusal:
        messages.warning(request, refusal.message)
        shown = None
    return _page(request, membership, shown) if shown else redirect("settings", slug)


def _save(request: SignedInRequest, project: Project) -> Shown:
    form = SettingsForm(request.POST, instance=copy(project))
    if not _is_saved(request, project, form):
        return {"form": form}
    messages.success(request, "The settings are saved.")
    return None


def _save_quality(request: SignedInRequest, project: Project) -> Shown:
    form = QualityForm(request.POST, instance=copy(project))
    if not _is_saved(request, project, form):
        return {"quality_form": form}
    messages.success(request, "The questions and checks are saved.")
    return None


def _is_saved(request: SignedInRequest, project: Project, form: SettingsForm | QualityForm) -> bool:
    """Change the project as the form says; where that is refused, say so in the form."""
    if not form.is_valid():
        return False
    try:
        change_project(project=project, by=request.user, **form.changes())
    except InvalidInput as refusal:
        form.add_error(None, refusal.message)
        return False
    return True


def _choose_encoder(request: SignedInRequest, project: Project) -> Shown:
    form = EncoderForm(request.POST, project=project)
    if not form.is_valid():
        return {"encoder_form": form}
    try:
        choose_encoder(project=project, settings=form.settings(), by=request.user)
    except InvalidInput as refusal:
        form.add_error(None, refusal.message)
        return {"encoder_form": form}
    messages.success(request, "The encoder is chosen. The overview shows how far its embeddings are.")
    return None


def _change_state(request: SignedInRequest, project: Project) -> Shown:
    change = STATES.get(request.POST["state"])
    if change is None:
        raise InvalidInput("A project can be paused, resumed or archived.")
    change(project=project, by=request.user)
    return None


def _page(request: SignedInRequest, membership: Membership, shown: Shown) -> HttpResponse:
    context = {
        "membership": membership,
        "project": membership.project,
        "form": SettingsForm(instance=copy(membership.project)),
        "quality_form": QualityForm(instance=copy(membership.project)),
        "n_gold": gold_pairs(membership.project).count(),
        "leaks": leaks(membership.project)[:MOST_LEAKS],
        "n_leaks": leaks(membership.project).count(),
        "encoder_form": EncoderForm(project=membership.project),
        "invitation_form": InvitationForm(),
        "members": members(membership.project),
        "invitations": open_invitations(membership.project),
        "roles": Role,
    }
    return render(request, "settings.html", context | (shown or {}))
