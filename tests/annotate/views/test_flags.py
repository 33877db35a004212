"""The page of flags: what annotators flagged, as they saw it, to be settled and reopened."""

from uuid import uuid4

import pytest
from django.test import Client

from annotate.models import Assignment, AuditEvent, Flag, Outcome, Project, Prompt, Response, User
from annotate.services.comparing import record_comparison, retract_comparison, skip_assignment
from annotate.services.flagging import flag_assignment, settle_flag, withdraw_flag
from annotate.services.voiding import void_comparisons
from tests.annotate.views.browsers import browser_of, main_of, n_queries
from tests.factories import lease, make_member, make_pair, make_project

pytestmark = pytest.mark.django_db

URL = "/p/antarctica/flags"


def flag(project: Project, annotator: User, *, outcome: Outcome | None = None, comment: str = "") -> Flag:
    """Have the annotator flag their next pair, and judge it if there is an outcome."""
    lent = lease(project, annotator)
    made = flag_assignment(assignment=lent, by=annotator)
    if outcome:
        record_comparison(assignment=lent, outcome=outcome, client_key=uuid4(), by=annotator, comment=comment)
    return made


@pytest.fixture
def flagged(project: Project, bob: User) -> Flag:
    return flag(project, bob)


def id_of(flag: Flag) -> str:
    return str(flag.assignment.public_id)


def page_of(browser: Client, url: str = URL) -> str:
    return " ".join(main_of(browser.get(url)).split())


def test_a_flag_shows_the_prompt_both_texts_who_flagged_it_and_when(rosas: Client, flagged: Flag) -> None:
    page = page_of(rosas)

    for words in ("No country owns it.", "Penguinland.", "careful", "silly", "Which country owns Antarctica?"):
        assert words in page
    assert "bob flagged this and has given no verdict" in page
    assert f"{Flag.objects.get().created_at:%b %Y, %H:%M}</time>" in page


@pytest.mark.parametrize("first_on_left", [True, False, None])
def test_the_texts_stand_as_the_annotator_saw_them(rosas: Client, flagged: Flag, first_on_left: bool | None) -> None:
    Assignment.objects.update(first_on_left=first_on_left)

    page = page_of(rosas)

    assert (page.index("No country owns it.") < page.index("Penguinland.")) == (first_on_left is not False)


def test_what_is_hidden_from_annotators_is_shown_as_they_saw_it(rosas: Client, project: Project, flagged: Flag) -> None:
    Project.objects.update(mask_leaks=True, leak_phrases=["Penguinland"])
    Response.objects.filter(text="Penguinland.").update(leak="Penguinland")

    assert "Penguinland" not in page_of(rosas)


@pytest.mark.parametrize(("first_on_left", "chose"), [(True, "A"), (False, "B")])
def test_the_verdict_stands_beside_the_flag_with_its_comment(
    rosas: Client, project: Project, bob: User, first_on_left: bool, chose: str
) -> None:
    flag(project, bob, outcome=Outcome.FIRST, comment="Neither cites anything.")
    Assignment.objects.update(first_on_left=first_on_left)

    page = page_of(rosas)

    assert f"bob flagged this and chose <b>{chose} is better</b>" in page
    assert "Comment: Neither cites anything." in page
    assert "No country owns it." in page.split('class="side chosen"')[1].split('class="side ')[0]
    assert f"/disagreements/{Flag.objects.get().verdict.public_id}" in page


def test_a_verdict_that_was_taken_back_is_none(rosas: Client, project: Project, bob: User) -> None:
    retract_comparison(comparison=flag(project, bob, outcome=Outcome.TIE).verdict, by=bob)

    assert "bob flagged this and has given no verdict" in page_of(rosas)


def test_a_voided_verdict_is_called_so(rosas: Client, project: Project, bob: User, alice: User) -> None:
    flag(project, bob, outcome=Outcome.TIE)
    void_comparisons(project=project, annotator=bob, by=alice)

    page = page_of(rosas)

    assert "chose <b>a tie</b>" in page
    assert "Voided" in page


@pytest.mark.parametrize(
    ("reason", "said"), [("broken_response", "A response is broken or cut off"), ("other-words", "other-words")]
)
def test_why_a_flagged_pair_was_given_back_is_said(
    rosas: Client, flagged: Flag, bob: User, reason: str, said: str
) -> None:
    skip_assignment(assignment=flagged.assignment, reason=reason, by=bob)

    assert f"bob flagged this and gave it back: <b>{said}</b>" in page_of(rosas)


def test_the_newest_comes_first(rosas: Client, project: Project, bob: User) -> None:
    made = []
    for number in range(3):
        make_pair(project, 100 + number)
        made.append(flag(project, bob, outcome=Outcome.TIE))

    page = page_of(rosas)

    places = [page.index(f'id="flag-{id_of(one)}"') for one in reversed(made)]
    assert places == sorted(places)


def test_a_flag_is_settled_with_a_note_and_the_page_stays(rosas: Client, flagged: Flag) -> None:
    answer = rosas.post(f"{URL}?state=open&page=1", {"settle": id_of(flagged), "note": "The <b>source</b> is fixed."})

    settled = page_of(rosas, f"{URL}?state=settled")
    assert answer["Location"] == f"{URL}?state=open&page=1"
    assert "Settled by rosa" in settled
    assert "The &lt;b&gt;source&lt;/b&gt; is fixed." in settled
    assert AuditEvent.objects.filter(verb="settled a flag in", actor__username="rosa").exists()


def test_a_settled_flag_is_reopened_with_its_note_in_the_field(rosas: Client, flagged: Flag, rosa: User) -> None:
    settle_flag(flag=flagged, by=rosa, note="Asked the vendor.")

    page = rosas.post(URL, {"reopen": id_of(flagged)}, follow=True).content.decode()

    assert "The flag is open again." in page
    assert 'value="Asked the vendor."' in page


def test_a_colleagues_note_is_not_written_over_and_it_is_said_why(rosas: Client, flagged: Flag, alice: User) -> None:
    settle_flag(flag=flagged, by=alice, note="Done.")

    page = rosas.post(URL, {"settle": id_of(flagged), "note": "Not done."}, follow=True).content.decode()

    assert "alice has settled this flag" in page
    assert Flag.objects.get().note == "Done."


def test_links_show_one_state_each_with_how_many_there_are(
    rosas: Client, project: Project, bob: User, rosa: User
) -> None:
    stays, settled, off = (flag(project, bob, outcome=Outcome.TIE) for _ in range(3))
    settle_flag(flag=settled, by=rosa)
    withdraw_flag(assignment=off.assignment, by=bob)

    for state, shown in (("open", stays), ("settled", settled), ("withdrawn", off)):
        page = page_of(rosas, f"{URL}?state={state}")
        assert page.count('id="flag-') == 1
        assert f'id="flag-{id_of(shown)}"' in page
        assert f'<a href="?state={state}" aria-current="page">{state.title()} <span class="n">1</span></a>' in page


def test_a_flag_that_was_taken_off_has_nothing_to_press(rosas: Client, flagged: Flag, bob: User) -> None:
    withdraw_flag(assignment=flagged.assignment, by=bob)

    page = page_of(rosas, f"{URL}?state=withdrawn")

    assert "Taken off by bob" in page
    assert "<button" not in page


@pytest.mark.parametrize("query", ["state=assignment__pair", "state=", "page=999", "page=x"])
def test_an_odd_query_shows_the_open_ones(rosas: Client, flagged: Flag, query: str) -> None:
    assert id_of(flagged) in page_of(rosas, f"{URL}?{query}")


def test_ten_stand_on_a_page_and_the_rest_on_the_next(rosas: Client, project: Project, bob: User) -> None:
    for number in range(11):
        make_pair(project, 100 + number)
        flag(project, bob, outcome=Outcome.TIE)

    first, second = (page_of(rosas, f"{URL}?state=open&page={page}") for page in (1, 2))

    assert (first.count('id="flag-'), second.count('id="flag-')) == (10, 1)
    assert "1 to 10 of 11" in first
    assert "?state=open&amp;page=2" in first
    assert "Newer" in second


def test_an_empty_page_says_what_it_is_for(rosas: Client, project: Project, bob: User) -> None:
    before = page_of(rosas)
    flag(project, bob)

    assert "Nothing is flagged yet. When an annotator presses Flag on the compare screen" in before
    assert "No flag is settled." in page_of(rosas, f"{URL}?state=settled")


def test_a_ranking_project_says_that_it_has_none(rosas: Client, project: Project) -> None:
    Project.objects.update(outcomes=Project.Outcomes.RANKING)

    assert "has no flags" in page_of(rosas)


def test_markup_in_texts_is_text(rosas: Client, flagged: Flag) -> None:
    Prompt.objects.update(messages=[{"role": "user", "content": "<img src=https://evil.example/x>"}])

    assert "<img" not in page_of(rosas)


@pytest.mark.parametrize("sent", [{}, {"settle": "x"}, {"reopen": ""}, {"settle": "of", "note": "x" * 2001}])
def test_what_no_page_sends_is_refused(rosas: Client, flagged: Flag, sent: dict[str, str]) -> None:
    sent = {name: id_of(flagged) if value == "of" else value for name, value in sent.items()}

    assert rosas.post(URL, sent).status_code == 400
    assert Flag.objects.get().state == "open"


def test_a_flag_of_another_project_is_none_of_this_one(rosas: Client, project: Project) -> None:
    elsewhere = make_project("elsewhere")
    make_pair(elsewhere)
    others = flag(elsewhere, make_member(elsewhere, "sam"))

    answers = [rosas.post(URL, {"settle": one}) for one in (id_of(others), str(uuid4()))]

    assert [answer.status_code for answer in answers] == [404, 404]
    assert id_of(others) not in page_of(rosas)


def test_settling_is_for_researchers_and_admins(
    client: Client, bobs: Client, alices: Client, charlie: User, flagged: Flag
) -> None:
    browsers = (client, bobs, browser_of(charlie), alices)

    states = [
        (browser.post(URL, {"settle": id_of(flagged)}).status_code, str(Flag.objects.get().state))
        for browser in browsers
    ]

    assert states == [(302, "open"), (403, "open"), (404, "open"), (302, "settled")]


def test_the_projects_menu_leads_here_for_researchers_alone(rosas: Client, bobs: Client, project: Project) -> None:
    pages = [browser.get("/p/antarctica/history").content.decode() for browser in (rosas, bobs)]

    assert [URL in page for page in pages] == [True, False]


@pytest.mark.parametrize("state", Flag.State)
def test_more_flags_cost_no_more_queries(
    rosas: Client, project: Project, bob: User, rosa: User, state: Flag.State
) -> None:
    def in_state(number: int) -> None:
        made = flag(project, bob, outcome=Outcome.TIE)
        if state == Flag.State.SETTLED:
            settle_flag(flag=made, by=make_member(project, f"r{number}"))
        if state == Flag.State.WITHDRAWN:
            withdraw_flag(assignment=made.assignment, by=bob)

    in_state(0)
    before = n_queries(rosas, f"{URL}?state={state}")

    for number in range(1, 10):
        make_pair(project, 100 + number)
        in_state(number)

    assert n_queries(rosas, f"{URL}?state={state}") == before
