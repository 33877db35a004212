"""Closed by default: what every address of the API answers to strangers, outsiders, narrow tokens and lower roles.

An address that is missing from ENDPOINTS fails the first test.
"""

from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import pytest
from django.http import HttpResponse
from django.urls import reverse
from django.utils import timezone
from rest_framework.test import APIClient

from annotate.api import urls
from annotate.api.permissions import Judging, Managing, Reading, Scope
from annotate.models import Assignment, Comparison, Pair, Project, Ranking, Response, Role, User
from annotate.services.flagging import flag_assignment
from annotate.services.members import remove_member
from annotate.services.ranking import record_ranking
from tests.annotate.api.clients import client_of
from tests.annotate.api.material import make_disagreement, make_snapshot
from tests.factories import compare, lease, lease_lineup, make_lineup, make_member, make_project

pytestmark = pytest.mark.django_db

SUCCESS = (200, 201, 204)


@dataclass(frozen=True)
class Endpoint:
    """One address and verb, the scope and role it needs; `own` where the object must be the caller's.

    `ranked`: it is of projects that ask for rankings.
    """

    name: str
    method: str = "get"
    scope: Scope = Scope.READ
    role: Role | None = None
    own: bool = False
    ranked: bool = False
    body: dict[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.method} {self.name}"


ENDPOINTS = [
    Endpoint("schema"),
    Endpoint("projects"),
    Endpoint("own-comparisons"),
    Endpoint("project", role=Role.ANNOTATOR),
    Endpoint("project", "patch", Scope.MANAGE, Role.ADMIN, body={"name": "South"}),
    Endpoint("status", role=Role.RESEARCHER),
    Endpoint("comparisons", role=Role.RESEARCHER),
    Endpoint("snapshots", role=Role.RESEARCHER),
    Endpoint("snapshot", role=Role.RESEARCHER),
    Endpoint("head-in-use", role=Role.RESEARCHER),
    Endpoint("head-file", role=Role.RESEARCHER),
    Endpoint("release", "post", Scope.MANAGE, Role.ADMIN),
    Endpoint("roll-back", "post", Scope.MANAGE, Role.ADMIN),
    Endpoint("agreement", role=Role.RESEARCHER),
    Endpoint("disagreements", role=Role.RESEARCHER),
    Endpoint("asked-again", role=Role.RESEARCHER),
    Endpoint("asked-again", "post", Scope.MANAGE, Role.RESEARCHER, body={"top": 1}),
    Endpoint("flags", role=Role.RESEARCHER),
    Endpoint("settle-flag", "post", Scope.MANAGE, Role.RESEARCHER, body={"note": "Fixed."}),
    Endpoint("reopen-flag", "post", Scope.MANAGE, Role.RESEARCHER),
    Endpoint("gold", role=Role.ADMIN),
    Endpoint("gold", "post", Scope.MANAGE, Role.ADMIN, body={"outcome": "first"}),
    Endpoint("clear-gold", "post", Scope.MANAGE, Role.ADMIN, body={}),
    Endpoint("assignments", "post", Scope.ANNOTATE, Role.ANNOTATOR),
    Endpoint("rankings", "post", Scope.ANNOTATE, Role.ANNOTATOR, ranked=True),
    Endpoint("order", "post", Scope.ANNOTATE, own=True, ranked=True),
    Endpoint("skip-ranking", "post", Scope.ANNOTATE, own=True, ranked=True, body={"reason": "unclear"}),
    Endpoint("retract-ranking", "post", Scope.ANNOTATE, own=True, ranked=True),
    Endpoint("verdict", "post", Scope.ANNOTATE, own=True, body={"client_key": str(uuid4()), "outcome": "left"}),
    Endpoint("skip", "post", Scope.ANNOTATE, own=True, body={"reason": "unclear"}),
    Endpoint("flag", "post", Scope.ANNOTATE, own=True, body={"flagged": True}),
    Endpoint("retract", "post", Scope.ANNOTATE, own=True),
]
GUARDED = [endpoint for endpoint in ENDPOINTS if endpoint.role or endpoint.own]


class Site:
    """A project with something behind every address: a released snapshot, bob's surprising verdict and flag."""

    def __init__(self, project: Project, bob: User) -> None:
        self.project, self.bob = project, bob
        self.comparison: Comparison = compare(project, bob)
        self.assignment: Assignment = lease(project, bob)
        make_disagreement(self.comparison, make_snapshot(project, released_at=timezone.now()))
        flag_assignment(assignment=self.assignment, by=bob)

        self.ranking, self.ranked = rankings(project, bob)

    def address(self, name: str) -> str:
        known = {
            "ranking_id": (self.ranked if name == "retract-ranking" else self.ranking).public_id,
            "slug": self.project.slug,
            "number": 1,
            "assignment_id": self.assignment.public_id,
            "comparison_id": self.comparison.public_id,
        }
        pattern = next(pattern for pattern in urls.urlpatterns if pattern.name == name)
        return reverse(f"api:{name}", kwargs={part: known[part] for part in pattern.pattern.converters})

    def call(self, client: APIClient, endpoint: Endpoint) -> HttpResponse:
        body = endpoint.body
        if endpoint.ranked:
            Project.objects.update(outcomes=Project.Outcomes.RANKING)
        if endpoint.name == "order":
            lineup = Response.objects.filter(pk__in=self.ranking.lineup)
            body = {"client_key": str(uuid4()), "order": [[str(response.public_id) for response in lineup]]}
        if "gold" in endpoint.name and endpoint.method == "post":
            body = body | {"pair": str(self.assignment.pair.public_id)}
        return getattr(client, endpoint.method)(self.address(endpoint.name), body or None)


def rankings(project: Project, annotator: User) -> tuple[Ranking, Ranking]:
    """Return a ranking that is lent to the annotator, and one that they made."""
    asking = Project(pk=project.pk, outcomes=Project.Outcomes.RANKING, audit_share=0)
    for number in (1, 2):
        make_lineup(project, 100 + number)
    Pair.objects.filter(prompt__text_hash__startswith="lineup").update(shuffle=-1)
    made = lease_lineup(asking, annotator)
    record_ranking(ranking=made, tiers=[made.lineup], client_key=uuid4(), by=annotator)
    return lease_lineup(asking, annotator), made


@pytest.fixture
def site(project: Project, bob: User) -> Site:
    return Site(project, bob)


def member_with(role: Role | None, site: Site) -> User:
    return make_member(site.project, "somebody", role=role or Role.ANNOTATOR)


def entitled(endpoint: Endpoint, site: Site) -> User:
    return site.bob if endpoint.own else member_with(endpoint.role, site)


def test_every_address_is_in_the_table() -> None:
    names = {pattern.name for pattern in urls.urlpatterns}

    missing = names - {endpoint.name for endpoint in ENDPOINTS} - {"no-such-endpoint"}

    assert not missing, f"add {missing} to ENDPOINTS, with the scope and the role they need"


def test_every_view_says_who_may_call_and_how_often() -> None:
    for pattern in urls.urlpatterns:
        view = pattern.callback.cls

        assert set(view.permission_classes) <= {Reading, Judging, Managing}, pattern.name
        assert view.throttle_scope in {"reading", "judging", "managing"}, pattern.name


@pytest.mark.parametrize("method", ["get", "head", "options", "post", "put", "patch", "delete"])
def test_anonymous_callers_get_401_everywhere(site: Site, method: str) -> None:
    for endpoint in [*ENDPOINTS, Endpoint("no-such-endpoint")]:
        response = getattr(APIClient(), method)(site.address(endpoint.name))

        assert response.status_code == 401, endpoint
        assert response["WWW-Authenticate"] == "Token"


@pytest.mark.parametrize("endpoint", GUARDED, ids=str)
def test_outsiders_get_404_as_if_there_were_nothing(site: Site, charlie: User, endpoint: Endpoint) -> None:
    make_member(make_project("elsewhere"), "charlie", role=Role.ADMIN)

    response = site.call(client_of(charlie), endpoint)

    assert (response.status_code, response.json()["code"]) == (404, "not_found")


@pytest.mark.parametrize("endpoint", GUARDED, ids=str)
def test_removed_members_get_404(site: Site, endpoint: Endpoint) -> None:
    member = entitled(endpoint, site)
    make_member(site.project, "alice", role=Role.ADMIN)
    remove_member(project=site.project, user=member, by=member)

    response = site.call(client_of(member), endpoint)

    assert response.status_code == 404


@pytest.mark.parametrize("endpoint", [endpoint for endpoint in ENDPOINTS if endpoint.own], ids=str)
def test_what_is_a_colleagues_own_is_404_to_everybody_else(site: Site, alice: User, endpoint: Endpoint) -> None:
    response = site.call(client_of(alice), endpoint)

    assert response.status_code == 404


@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=str)
def test_the_role_that_is_needed_is_enough(site: Site, endpoint: Endpoint) -> None:
    response = site.call(client_of(entitled(endpoint, site), endpoint.scope), endpoint)

    assert response.status_code in SUCCESS


@pytest.mark.parametrize(
    "endpoint", [endpoint for endpoint in ENDPOINTS if endpoint.role not in (None, Role.ANNOTATOR)], ids=str
)
def test_a_lower_role_is_refused(site: Site, endpoint: Endpoint) -> None:
    lower = Role(endpoint.role).includes[-2]

    response = site.call(client_of(member_with(lower, site)), endpoint)

    assert (response.status_code, response.json()["code"]) == (403, "not_allowed")


@pytest.mark.parametrize("endpoint", [endpoint for endpoint in ENDPOINTS if endpoint.scope != Scope.READ], ids=str)
def test_a_narrower_token_is_refused(site: Site, endpoint: Endpoint) -> None:
    narrower = list(Scope)[list(Scope).index(endpoint.scope) - 1]

    response = site.call(client_of(entitled(endpoint, site), narrower), endpoint)

    assert response.status_code == 403
    assert response.json()["details"] == {"scope": narrower, "needed": endpoint.scope}


@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=str)
def test_other_verbs_are_not_offered(site: Site, endpoint: Endpoint) -> None:
    client = client_of(entitled(endpoint, site))

    for method in ("options", "put", "delete"):
        response = getattr(client, method)(site.address(endpoint.name))

        assert (response.status_code, response.json()["code"]) == (405, "method_not_allowed")
