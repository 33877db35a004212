"""The slices that figures are broken down by: a prompt's tags, the sources of a pair, how long its responses are."""

from collections.abc import Iterator

from django.db.models.functions import Length

from annotate.models import Pair, Project

SHORT, LONG = 500, 2000  # characters of the longer response


def audit_slices(project: Project, *, after: int = 0) -> Iterator[tuple[int, tuple[str, ...]]]:
    """Yield (pair id, names of its slices) for the audit pairs that have a comparison with an id above `after`."""
    pairs = Pair.objects.filter(project=project, audit=True, assignments__comparisons__pk__gt=after).distinct()
    rows = pairs.values_list(
        "pk", "prompt__tags", "first__source", "second__source", Length("first__text"), Length("second__text")
    )
    for pair, tags, first_source, second_source, *lengths in rows:
        sources = sorted({source for source in (first_source, second_source) if source})
        names = [*(f"tag {tag}" for tag in tags), *(f"source {source}" for source in sources), _length(max(lengths))]
        yield pair, tuple(names)


def _length(characters: int) -> str:
    if characters < SHORT:
        return f"length below {SHORT}"
    return f"length {SHORT} to {LONG}" if characters <= LONG else f"length above {LONG}"
