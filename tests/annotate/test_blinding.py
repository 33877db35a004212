"""S5: nothing that an annotator's browser or program receives tells sources, rewards, gold answers or others' verdicts.

Every page and endpoint that an annotator may read is asked for, in a project where all of that is there to be told.
"""

import re
from uuid import uuid4

import pytest
from django.test import Client

from annotate.models import Assignment, Comparison, Outcome, Pair, Project, QueuedPair, Response, Role, User
from annotate.services.comparing import record_comparison
from annotate.services.flagging import flag_assignment, settle_flag
from annotate.services.gold import set_gold
from tests.annotate.api.clients import client_of
from tests.annotate.api.material import make_snapshot
from tests.annotate.views.browsers import browser_of, fragment, main_of, verdict
from tests.factories import lease, lease_lineup, make_lineup, make_member, make_pair, make_project

pytestmark = pytest.mark.django_db

SECRETS = ("secret-system", "0.8125", "gold note", "rosas-", "rosa", "gold", "audit", "propensity")
PAGES = ("", "p/antarctica/", "p/antarctica/compare", "p/antarctica/history", "p/antarctica/guidelines", "account")
TOKENS = re.compile(r'(csrfmiddlewaretoken|client_key)" value="[^"]*"|data-token="[^"]*"')
ENDPOINTS = ("projects/", "projects/antarctica/", "me/comparisons/")


@pytest.fixture
def bob(db: None) -> User:
    """Return an annotator of a project that holds everything that must not be told."""
    project = make_project(n_pairs=3, gold_share=1.0, overlap=2)
    rosa, bob = make_member(project, "rosa", role=Role.RESEARCHER), make_member(project)
    gold = make_pair(project, 9, overlap=2)
    set_gold(pair=gold, outcome=Outcome.FIRST, by=rosa, note="gold note")
    Response.objects.update(source="secret-system")
    snapshot = make_snapshot(project)
    for position, pair in enumerate(Pair.objects.filter(project=project, open=True)):
        QueuedPair.objects.create(project=project, pair=pair, position=position, p_first=0.8125, snapshot=snapshot)
    rosas = lease(project, rosa)
    record_comparison(assignment=rosas, outcome=Outcome.FIRST, client_key=uuid4(), by=rosa, comment="rosas-comment")
    settle_flag(flag=flag_assignment(assignment=rosas, by=rosa), by=rosa, note="rosas-note")
    return bob


def tells(text: str) -> list[str]:
    return [secret for secret in SECRETS if secret in text.lower()]


@pytest.mark.parametrize("page", PAGES)
def test_no_page_tells(bob: User, page: str) -> None:
    browser = browser_of(bob)
    browser.get("/p/antarctica/compare")

    answer = browser.get(f"/{page}")

    assert answer.status_code == 200
    assert not tells(answer.content.decode() + str(dict(answer.headers)))


@pytest.mark.parametrize("endpoint", ENDPOINTS)
def test_no_endpoint_tells(bob: User, endpoint: str) -> None:
    answer = client_of(bob).get(f"/api/v1/{endpoint}")

    assert answer.status_code == 200
    assert not tells(answer.content.decode() + str(dict(answer.headers)))


def test_neither_a_lease_nor_a_verdict_over_the_api_tells(bob: User) -> None:
    client = client_of(bob)
    leased = client.post("/api/v1/projects/antarctica/assignments/", {"n": 5})
    answers = [leased]
    for one in leased.json()["assignments"]:
        body = {"client_key": str(uuid4()), "outcome": "left"}
        answers.append(client.post(f"/api/v1/assignments/{one['id']}/comparison/", body))

    assert set(Assignment.objects.filter(annotator=bob).values_list("stream", flat=True)) == {"gold", "learn"}
    assert not [found for answer in answers if (found := tells(answer.content.decode()))]


def test_a_gold_verdict_is_answered_as_any_other(bob: User) -> None:
    """The answers to a wrong gold verdict and to a live one differ in their ids and texts alone."""
    browser = browser_of(bob)
    project = Project.objects.get()
    answers = []
    for _ in range(2):
        assignment = lease(project, bob)
        answers.append((assignment.stream, fragment(browser, "/p/antarctica/compare", verdict(assignment, "tie"))))

    assert [stream for stream, _ in answers] == ["gold", "learn"]
    assert [answer.status_code for _, answer in answers] == [200, 200]
    assert not [found for _, answer in answers if (found := tells(answer.content.decode()))]
    assert all('data-part="dialog"' not in answer.content.decode() for _, answer in answers)


def test_pages_for_researchers_are_closed(bob: User) -> None:
    browser, client = browser_of(bob), client_of(bob)

    closed = ("annotators", "agreement", "disagreements", "flags", "gold", "settings")
    pages = [browser.get(f"/p/antarctica/{page}") for page in closed]
    lists = ("comparisons", "disagreements", "flags", "gold")
    endpoints = [client.get(f"/api/v1/projects/antarctica/{one}/") for one in lists]

    assert {answer.status_code for answer in [*pages, *endpoints]} == {403}


@pytest.mark.parametrize("page", PAGES)
def test_nobody_is_told_what_became_of_their_own_flag(bob: User, page: str) -> None:
    project, browser = Project.objects.get(), browser_of(bob)
    flag = flag_assignment(assignment=lease(project, bob), by=bob)
    browser.get(f"/{page}")
    before = main_of(browser.get(f"/{page}"))

    settle_flag(flag=flag, by=User.objects.get(username="rosa"), note="rosas-note")

    assert TOKENS.sub("", main_of(browser.get(f"/{page}"))) == TOKENS.sub("", before)


def test_the_ranking_screen_tells_no_source(client: Client, db: None) -> None:
    project = make_project(outcomes=Project.Outcomes.RANKING)
    make_lineup(project)
    Response.objects.update(source="secret-system")
    bob = make_member(project)
    lease_lineup(project, bob)

    assert not tells(browser_of(bob).get("/p/antarctica/rank").content.decode())


def test_neither_a_lineup_nor_an_order_over_the_api_tells(db: None) -> None:
    project = make_project(outcomes=Project.Outcomes.RANKING)
    make_lineup(project)
    Response.objects.update(source="secret-system")
    client = client_of(make_member(project))
    leased = client.post("/api/v1/projects/antarctica/rankings/")
    (lent,) = leased.json()["rankings"]
    body = {"client_key": str(uuid4()), "order": [[response["id"]] for response in lent["responses"]]}

    answers = [leased]
    for action, sent in (("order", body), ("order", body), ("retract", None)):
        answers.append(client.post(f"/api/v1/rankings/{lent['id']}/{action}/", sent))

    assert [answer.status_code for answer in answers] == [201, 201, 200, 200]
    assert not [found for answer in answers if (found := tells(answer.content.decode()))]


def test_the_check_would_notice(bob: User) -> None:
    """The control: what researchers read does tell."""
    rosa = User.objects.get(username="rosa")

    answer = client_of(rosa).get("/api/v1/projects/antarctica/comparisons/")

    assert "secret-system" in tells(answer.content.decode())
    assert Comparison.objects.exists()
