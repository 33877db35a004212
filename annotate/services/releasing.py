"""Which snapshot is released, by its trial or by a person, and back again. Exports and scores use the released one."""

from django.db import transaction
from django.db.models.functions import Now

from annotate.models import AuditEvent, Pair, Project, ReferenceResponse, Snapshot, User
from annotate.services.errors import Conflict, NotFound

REFERENCE_SIZE = 256


@transaction.atomic
def release_snapshot(*, project: Project, number: int, by: User, style_free: bool = False) -> Snapshot:
    """Release a snapshot, whatever its trial said; again is as good as once. Raises NotFound.

    style_free: what is exported is the head with style taken out; raises Conflict where no study has fitted one.
    """
    _lock(project)
    snapshot = Snapshot.objects.filter(project=project, number=number).only("number", "style_free").first()
    if snapshot is None:
        raise NotFound("There is no such snapshot in this project.")
    if style_free and snapshot.style_free is None:
        raise Conflict(f"Snapshot {number} has no style-free head. Release one that a study has looked at.")
    current = released_snapshot(project)
    if current and (current.pk, current.released_style_free) == (snapshot.pk, style_free):
        return snapshot
    _release(snapshot, style_free=style_free)
    _record(by, f"released{' style-free' if style_free else ''}", project, number)
    return snapshot


@transaction.atomic
def roll_back(*, project: Project, number: int, by: User) -> None:
    """Withdraw the released snapshot, so that the release before it counts again; there may be none.

    Raises Conflict unless `number` is the released one: somebody else was faster.
    """
    _lock(project)
    current = released_snapshot(project)
    if current is None or current.number != number:
        raise Conflict(f"Snapshot {number} is not the released one any more. Look again at what is released now.")
    _withdraw(current)
    _record(by, "rolled back", project, number)


def follow_trial(snapshot: Snapshot) -> None:
    """Do what a new snapshot's trial asks for: roll the released one back, or release this one.

    Call it in the transaction that stores the snapshot. Nothing happens where the released one has changed since the
    trial was held, or where the project leaves releases to people.
    """
    trial = snapshot.metrics.get("trial")
    project = snapshot.project
    if not isinstance(trial, dict) or not project.release_automatically:
        return
    _lock(project)
    current = released_snapshot(project)
    if (current.number if current else None) != trial["released"]:
        return
    if current and trial["roll_back"]:
        _withdraw(current)
        _record(None, "rolled back", project, current.number)
    elif trial["look"] and trial["decision"] == "promote":
        _release(snapshot)
        _record(None, "released", project, snapshot.number)


def released_snapshot(project: Project) -> Snapshot | None:
    """Return the released snapshot without its weights, or None before the first release."""
    return Snapshot.objects.filter(project=project).released().light().first()


def grow_reference(project: Project) -> list[int]:
    """Return the project's reference responses in their order, after filling the set up to 256 from the audit pairs.

    Both responses of the audit pairs in their fixed random order, then of the others: a random set, chosen by the
    project's seed, that nobody can choose anew.
    """
    known = list(
        ReferenceResponse.objects.filter(project=project).order_by("position").values_list("response", flat=True)
    )
    if len(known) >= REFERENCE_SIZE:
        return known
    pairs = Pair.objects.filter(project=project).order_by("-audit", "shuffle", "pk").values_list("first", "second")
    wanted = dict.fromkeys([*known, *(response for pair in pairs[:REFERENCE_SIZE] for response in pair)])
    new = list(wanted)[len(known) : REFERENCE_SIZE]
    ReferenceResponse.objects.bulk_create(
        [ReferenceResponse(project=project, position=len(known) + n, response_id=one) for n, one in enumerate(new)],
        ignore_conflicts=True,
    )
    return known + new


def _release(snapshot: Snapshot, *, style_free: bool = False) -> None:
    Snapshot.objects.filter(pk=snapshot.pk).update(released_at=Now(), withdrawn_at=None, released_style_free=style_free)


def _withdraw(snapshot: Snapshot) -> None:
    Snapshot.objects.filter(pk=snapshot.pk).update(withdrawn_at=Now())


def _lock(project: Project) -> None:
    """Let one release of a project happen at a time."""
    Project.objects.select_for_update().get(pk=project.pk)


def _record(by: User | None, verb: str, project: Project, number: int) -> None:
    AuditEvent.objects.record(by=by, verb=f"{verb} snapshot {number} of", target=project.slug)
