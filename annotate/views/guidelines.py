"""The project's guidelines: to be read before judging, and again when they have changed."""

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from annotate.forms import checked
from annotate.models import GuidelineVersion, Role
from annotate.permissions import membership_in
from annotate.services.errors import Conflict
from annotate.services.guidelines import read_guidelines
from annotate.views.requests import SignedInRequest


class ReadForm(forms.Form):
    read = forms.IntegerField(min_value=1, max_value=10**8)


@never_cache
@require_http_methods(["GET", "POST"])
def guidelines(request: SignedInRequest, slug: str) -> HttpResponse:
    """Show the guidelines, and to researchers their earlier versions; take note that they were read."""
    membership = membership_in(request.user, slug)
    if request.method == "POST":
        try:
            read_guidelines(membership=membership, version=checked(ReadForm(request.POST))["read"])
            return redirect("compare", slug)
        except Conflict as refusal:
            messages.warning(request, refusal.message)
            return redirect("guidelines", slug)
    newest = membership.project.guideline_version
    earlier = GuidelineVersion.objects.filter(project=membership.project, number__lt=newest)
    context = {
        "membership": membership,
        "project": membership.project,
        "earlier": earlier.select_related("by")[:50] if membership.may(Role.RESEARCHER) else [],
    }
    return render(request, "guidelines.html", context)
