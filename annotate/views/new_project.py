"""Create a project; for site admins."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from annotate.forms import NewProjectForm
from annotate.services.errors import InvalidInput, NotAllowed
from annotate.services.projects import create_project
from annotate.views.requests import SignedInRequest


@require_http_methods(["GET", "POST"])
def new_project(request: SignedInRequest) -> HttpResponse:
    if not request.user.is_superuser:
        raise NotAllowed("Only site admins create projects. Ask one to create it and to make you its admin.")
    form = NewProjectForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            project = create_project(by=request.user, **form.cleaned_data)
        except InvalidInput as refusal:
            form.add_error(None, refusal.message)
        else:
            messages.success(request, "The project is there. Import pairs into it, then invite people.")
            return redirect("data", project.slug)
    return render(request, "new_project.html", {"form": form})
