"""Write a file's labels as comparisons of import annotators: named in the file, never anybody who can sign in."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

from django.contrib.auth.hashers import make_password
from django.utils import timezone

from annotate.formats.rows import ImportedLabel
from annotate.models import Assignment, Comparison, Outcome, Project, Stream, User
from annotate.services.accounts import IMPORT_PREFIX

OTHER_SIDE: dict[str, str] = {Outcome.FIRST: Outcome.SECOND, Outcome.SECOND: Outcome.FIRST}


@dataclass(frozen=True)
class Labelled:
    """The labels of one pair; `in_stored_order` says whether the row's first response is the pair's first."""

    pair_id: int
    in_stored_order: bool
    labels: tuple[ImportedLabel, ...]


def add_labels(project: Project, hold: Project, labelled: list[Labelled]) -> int:
    """Write the labels that the project has not yet into `hold` and return how many.

    A person's further labels of a pair are rounds.
    """
    annotators = _import_annotators(project, {label.annotator for row in labelled for label in row.labels})
    here = set(
        Assignment.objects.filter(pair__in={row.pair_id for row in labelled}, stream=Stream.IMPORT).values_list(
            "pair_id", "annotator_id", "round"
        )
    )
    fresh = [
        comparison
        for row in labelled
        for comparison in _judged(hold, row, annotators)
        if (comparison.assignment.pair_id, comparison.assignment.annotator_id, comparison.assignment.round) not in here
    ]
    Assignment.objects.bulk_create(comparison.assignment for comparison in fresh)
    for comparison in fresh:
        comparison.assignment_id = comparison.assignment.pk
    Comparison.objects.bulk_create(fresh)
    return len(fresh)


def _judged(hold: Project, row: Labelled, annotators: dict[str, int]) -> list[Comparison]:
    """Return the comparisons of one pair with their assignments, none of them stored yet."""
    rounds: Counter[str] = Counter()
    judged, now = [], timezone.now()
    for label in row.labels:
        on_left = label.first_on_left
        assignment = Assignment(
            project=hold,
            pair_id=row.pair_id,
            annotator_id=annotators[label.annotator],
            round=rounds[label.annotator],
            stream=Stream.IMPORT,
            first_on_left=on_left if on_left is None else on_left == row.in_stored_order,
            leased_at=now,
            lease_ends_at=now,
            closed_at=now,
            closed_as=Assignment.ClosedAs.COMPARED,
        )
        judged.append(_comparison(assignment, label, now, in_stored_order=row.in_stored_order))
        rounds[label.annotator] += 1
    return judged


def _comparison(assignment: Assignment, label: ImportedLabel, now: datetime, *, in_stored_order: bool) -> Comparison:
    def stored(outcome: str) -> str:
        return outcome if in_stored_order else OTHER_SIDE.get(outcome, outcome)

    strength = label.strength
    return Comparison(
        project=assignment.project,
        assignment=assignment,
        outcome=stored(label.outcome),
        strength=strength if strength is None or in_stored_order else -strength,
        criteria={name: stored(outcome) for name, outcome in label.criteria.items()},
        source=Comparison.Source.IMPORT,
        created_at=now,
    )


def _import_annotators(project: Project, names: set[str]) -> dict[str, int]:
    """Return the user ids of a project's import annotators by name, those that were not here created."""
    usernames = {f"{IMPORT_PREFIX}{sha256(f'{project.pk} {name}'.encode()).hexdigest()[:24]}": name for name in names}
    User.objects.bulk_create(
        (
            User(username=username, display_name=name, imported=True, is_active=False, password=make_password(None))
            for username, name in usernames.items()
        ),
        ignore_conflicts=True,
    )
    stored = User.objects.only("username").in_bulk(list(usernames), field_name="username")  # in chunks, on SQLite
    return {usernames[username]: user.pk for username, user in stored.items()}
