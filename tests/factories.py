"""Plain functions that make rows, with every default visible. alice is admin, bob annotates, charlie is an outsider."""

from itertools import combinations
from typing import Any
from uuid import NAMESPACE_URL, uuid4, uuid5

from annotate.models import (
    Assignment,
    Comparison,
    Membership,
    Outcome,
    Pair,
    Project,
    Prompt,
    Ranking,
    Response,
    Role,
    User,
)
from annotate.services.assigning import lease_pairs
from annotate.services.comparing import record_comparison
from annotate.services.ranking import lease_rankings


def make_user(username: str = "bob", *, superuser: bool = False, password: str | None = None) -> User:
    """Make a user whose public id, the seed of the streams that they are lent, follows from the name."""
    public_id = uuid5(NAMESPACE_URL, username)
    user = User.objects.create(username=username, public_id=public_id, is_superuser=superuser, is_staff=superuser)
    user.set_password(password) if password else user.set_unusable_password()
    user.save()
    return user


def make_member(project: Project, username: str = "bob", *, role: Role = Role.ANNOTATOR) -> User:
    user = User.objects.filter(username=username).first() or make_user(username)
    Membership.objects.create(project=project, user=user, role=role)
    return user


def make_project(slug: str = "antarctica", *, n_pairs: int = 0, **settings: Any) -> Project:
    defaults: dict[str, Any] = {"name": slug.title(), "audit_share": 0.0, "repeat_share": 0.0}
    project = Project.objects.create(slug=slug, **(defaults | settings))
    for number in range(n_pairs):
        make_pair(project, number)
    return project


def make_pair(
    project: Project,
    number: int = 0,
    *,
    prompt: str = "Which country owns Antarctica?",
    texts: tuple[str, str] = ("No country owns it.", "Penguinland."),
    sources: tuple[str, str] = ("careful", "silly"),
    audit: bool = False,
    overlap: int | None = None,
) -> Pair:
    """Make a pair of its own prompt; `number` tells prompts apart and is the pair's place in the random order."""
    text = f"{prompt} ({number})" if number else prompt
    row = Prompt.objects.create(
        project=project,
        messages=[{"role": "user", "content": text}],
        text_hash=f"{number:064d}",
        external_id=str(number),
    )
    first, second = (
        Response.objects.create(project=project, prompt=row, text=text, source=source, text_hash=f"{side:064d}")
        for side, (text, source) in enumerate(zip(texts, sources, strict=True))
    )
    return Pair.objects.create(
        project=project,
        prompt=row,
        first=first,
        second=second,
        shuffle=number,
        audit=audit,
        overlap=overlap or (project.audit_overlap if audit else project.overlap),
    )


def make_lineup(project: Project, number: int = 0, *, n: int = 4, audit: bool = False) -> Prompt:
    """Make a prompt with `n` responses and all pairs among them."""
    row = Prompt.objects.create(
        project=project, messages=[{"role": "user", "content": f"Which one? ({number})"}], text_hash=f"lineup {number}"
    )
    responses = [
        Response.objects.create(
            project=project, prompt=row, text=f"Number {side}.", source=f"s{side}", text_hash=f"{side}"
        )
        for side in range(n)
    ]
    overlap = project.audit_overlap if audit else project.overlap
    for first, second in combinations(responses, 2):
        Pair.objects.create(
            project=project, prompt=row, first=first, second=second, shuffle=number, audit=audit, overlap=overlap
        )
    return row


def make_ranking_project(n_lineups: int = 3) -> Project:
    """Make a project that asks for rankings, with so many prompts of four responses each."""
    project = make_project(outcomes=Project.Outcomes.RANKING)
    for number in range(1, n_lineups + 1):
        make_lineup(project, number)
    return project


def lease(project: Project, annotator: User) -> Assignment:
    """Lend the annotator's next pair, which must exist."""
    return lease_pairs(project=project, annotator=annotator)[0]


def lease_lineup(project: Project, annotator: User) -> Ranking | None:
    """Lend the annotator's next lineup, if there is one."""
    return next(iter(lease_rankings(project=project, annotator=annotator)), None)


def compare(project: Project, annotator: User, outcome: Outcome = Outcome.FIRST) -> Comparison:
    """Have the annotator judge their next pair through the real services."""
    comparison, _ = record_comparison(
        assignment=lease(project, annotator), outcome=outcome, client_key=uuid4(), by=annotator
    )
    return comparison
