"""Every training of a project: figures, trials and releases, two side by side, a head as a file; for researchers."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods
from django.views.decorators.vary import vary_on_headers

from annotate.forms import ReleaseForm, checked
from annotate.models import Membership, Project, Role, Snapshot
from annotate.permissions import membership_in, project_of
from annotate.selectors.snapshots import (
    HeadFile,
    SideBySide,
    head_file,
    head_in_use,
    rows,
    side_by_side,
    snapshot_in_use,
    snapshot_numbered,
    trial_of,
)
from annotate.selectors.snapshots import snapshots as read_snapshots
from annotate.services.errors import Conflict, NotFound
from annotate.services.releasing import release_snapshot, released_snapshot, roll_back
from annotate.views.requests import SignedInRequest

PER_PAGE = 25


@vary_on_headers("HX-Request")
@never_cache
@require_http_methods(["GET", "POST"])
def snapshots(request: SignedInRequest, slug: str) -> HttpResponse:
    """Show the list, or do what an admin confirmed: `release` or `roll_back`, each with a number."""
    if request.method == "POST":
        membership = membership_in(request.user, slug, role=Role.ADMIN)
        _change(request, membership.project)
        return redirect("snapshots", slug)
    membership = membership_in(request.user, slug, role=Role.RESEARCHER)
    return render(request, "snapshots.html#list" if request.htmx else "snapshots.html", _context(request, membership))


@never_cache
@require_GET
def head(request: SignedInRequest, slug: str) -> HttpResponse:
    """Download the head in use: the released one, or the newest while none is released. Its name tells which."""
    return _file(slug, head_in_use(project_of(request.user, slug, role=Role.RESEARCHER)))


@never_cache
@require_GET
def snapshot_head(request: SignedInRequest, slug: str, number: int) -> HttpResponse:
    """Download a head as safetensors; `?style=free` the one with style taken out."""
    project = project_of(request.user, slug, role=Role.RESEARCHER)
    return _file(slug, head_file(project, number, style_free=request.GET.get("style") == "free"))


@never_cache
@require_GET
def snapshot_metrics(request: SignedInRequest, slug: str, number: int) -> JsonResponse:
    """Download a snapshot's configuration, digests and metrics."""
    snapshot = _numbered(project_of(request.user, slug, role=Role.RESEARCHER), number)
    plain = ("number", "watermark", "n_comparisons", "encoder_key", "digest", "config", "metrics", "seconds", "device")
    fields = {name: getattr(snapshot, name) for name in plain}
    stamps = {name: getattr(snapshot, name) for name in ("created_at", "released_at", "withdrawn_at")}
    headers = {"Content-Disposition": f'attachment; filename="{slug}-{number}.json"'}
    return JsonResponse(fields | stamps, headers=headers, json_dumps_params={"indent": 2})


def _file(slug: str, found: HeadFile | None) -> HttpResponse:
    if found is None:
        raise NotFound("There is no such head in this project.")
    headers = {"Content-Disposition": f'attachment; filename="{found.name_in(slug)}"'}
    return HttpResponse(found.weights, content_type="application/octet-stream", headers=headers)


def _change(request: SignedInRequest, project: Project) -> None:
    sent = checked(ReleaseForm(request.POST))
    try:
        if sent["roll_back"]:
            roll_back(project=project, number=sent["roll_back"], by=request.user)
            messages.success(request, f"Snapshot {sent['roll_back']} is rolled back.")
        elif sent["release"]:
            release_snapshot(project=project, number=sent["release"], by=request.user, style_free=sent["style_free"])
            messages.success(request, f"Snapshot {sent['release']} is released.")
    except (Conflict, NotFound) as refusal:
        messages.warning(request, refusal.message)


def _context(request: SignedInRequest, membership: Membership) -> dict[str, object]:
    project = membership.project
    page = Paginator(read_snapshots(project), PER_PAGE).get_page(request.GET.get("page"))
    released, newest, pair = released_snapshot(project), read_snapshots(project).first(), _pair(request, project)
    return {
        "membership": membership,
        "project": project,
        "page": page,
        "rows": rows(list(page), project),
        "released": released,
        "newest": newest,
        "in_use": snapshot_in_use(project),
        "asked": _asked(request, project),
        "pair": pair,
        "one": pair.one.number if pair else released.number if released else 1,
        "other": pair.other.number if pair else newest.number if newest else 1,
    }


def _asked(request: SignedInRequest, project: Project) -> dict[str, object] | None:
    """Return what the person is about to confirm."""
    for verb in ("release", "roll_back"):
        number = request.GET.get(verb, "")
        if number.isdecimal() and len(number) < 9 and (snapshot := snapshot_numbered(project, int(number))):
            has_style_free = Snapshot.objects.filter(pk=snapshot.pk, style_free__isnull=False).exists()
            return {
                "verb": verb, "snapshot": snapshot, "trial": trial_of(snapshot), "has_style_free": has_style_free
            }  # fmt: skip
    return None


def _pair(request: SignedInRequest, project: Project) -> SideBySide | None:
    numbers = [request.GET.get(name, "") for name in ("one", "other")]
    if not all(number.isdecimal() and len(number) < 9 for number in numbers):
        return None
    one, other = (snapshot_numbered(project, int(number)) for number in numbers)
    return side_by_side(one, other) if one and other else None


def _numbered(project: Project, number: int) -> Snapshot:
    snapshot = snapshot_numbered(project, number)
    if snapshot is None:
        raise NotFound("There is no such snapshot in this project.")
    return snapshot
