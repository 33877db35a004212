"""The annotators of a project and how they judge, for researchers; voiding and restoring, for admins."""

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from annotate.forms import checked
from annotate.models import Project, Role, User
from annotate.permissions import membership_in
from annotate.selectors.annotators import annotators as read_annotators
from annotate.services.errors import InvalidInput, NotFound
from annotate.services.gold import let_pass
from annotate.services.voiding import restore_comparisons, void_comparisons
from annotate.views.requests import SignedInRequest


class PersonForm(forms.Form):
    person = forms.UUIDField()


@never_cache
@require_http_methods(["GET", "POST"])
def annotators(request: SignedInRequest, slug: str) -> HttpResponse:
    """Show everybody's figures, or do what the pressed button's name says."""
    if request.method == "POST":
        _act(request, membership_in(request.user, slug, role=Role.ADMIN).project)
        return redirect("annotators", slug)
    membership = membership_in(request.user, slug, role=Role.RESEARCHER)
    context = {
        "membership": membership,
        "project": membership.project,
        "annotators": read_annotators(membership.project),
        "may_void": membership.may(Role.ADMIN),
    }
    return render(request, "annotators.html", context)


def _act(request: SignedInRequest, project: Project) -> None:
    person = _person(request, project)
    if "void" in request.POST:
        n = void_comparisons(project=project, annotator=person, by=request.user)
        messages.success(request, f"{n} verdicts of {person} are voided. They can be restored.")
    elif "restore" in request.POST:
        n = restore_comparisons(project=project, annotator=person, by=request.user)
        messages.success(request, f"{n} verdicts of {person} are restored.")
    elif "let_pass" in request.POST:
        let_pass(project=project, annotator=person, by=request.user)
        messages.success(request, f"{person} has passed the training round.")
    else:
        raise InvalidInput("Nothing was chosen. Press one of the buttons beside a person.")


def _person(request: SignedInRequest, project: Project) -> User:
    public_id = checked(PersonForm(request.POST))["person"]
    person = User.objects.filter(public_id=public_id, memberships__project=project).first()
    if person is None:
        raise NotFound("There is no such person in this project.")
    return person
