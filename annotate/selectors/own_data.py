"""What is stored about one person, for that person to read."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Min, Q

from annotate.models import ApiToken, Comparison, Membership, User


@dataclass(frozen=True)
class OwnData:
    """A person's rows: where they belong, what they judged, and which programs may act for them."""

    memberships: tuple[Membership, ...]
    tokens: tuple[ApiToken, ...]
    n_comparisons: int
    n_retracted: int
    first_comparison_at: datetime | None


def own_data(user: User) -> OwnData:
    judged = Comparison.objects.filter(assignment__annotator=user).aggregate(
        n=Count("id"), retracted=Count("id", filter=Q(retracted_at__isnull=False)), first=Min("created_at")
    )
    return OwnData(
        memberships=tuple(Membership.objects.filter(user=user, active=True).select_related("project")),
        tokens=tuple(ApiToken.objects.filter(user=user).order_by("-created")),
        n_comparisons=judged["n"],
        n_retracted=judged["retracted"],
        first_comparison_at=judged["first"],
    )
