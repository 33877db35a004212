"""The overview: the loop for researchers, their own progress for annotators."""

import pytest
from django.utils import timezone

from annotate.models import Project, Pulse, Run, User
from annotate.services.assigning import lease_pairs
from annotate.services.flagging import flag_assignment, settle_flag
from annotate.services.training import record_pulse
from tests.annotate.api.material import METRICS, make_snapshot, make_study
from tests.annotate.views.browsers import browser_of, fragment, main_of, n_queries
from tests.factories import compare, make_pair

pytestmark = pytest.mark.django_db

URL = "/p/antarctica/"


def make_run(project: Project, **fields: object) -> Run:
    now = timezone.now()
    defaults: dict[str, object] = {"kind": Run.Kind.FIT, "created_at": now, "heartbeat_at": now, "watermark": "c1"}
    return Run.objects.create(project=project, **(defaults | fields))


def test_an_annotator_sees_their_own_part_and_no_number_of_the_model(project: Project, bob: User) -> None:
    make_snapshot(project)
    compare(project, bob)

    page = main_of(browser_of(bob).get(URL))

    assert "<b>1</b> <span>judged today</span>" in page
    assert "/p/antarctica/compare" in page
    assert "Snapshot" not in page
    assert "75.0" not in page


def test_a_researcher_sees_the_loop_with_intervals_and_n(project: Project, rosa: User, bob: User) -> None:
    make_snapshot(project, number=3)
    compare(project, bob)

    page = main_of(browser_of(rosa).get(URL))

    assert 'id="n-comparisons">1<' in page
    assert 'id="snapshot">3<' in page
    assert "1.2 s" in page
    assert "75.0 %" in page
    assert "60.0 % to 86.0 %, n&nbsp;=&nbsp;40" in page
    assert "not unbiased" in page


def test_before_the_first_snapshot_nothing_is_claimed(project: Project, rosa: User) -> None:
    page = main_of(browser_of(rosa).get(URL))

    assert 'id="snapshot">none<' in page
    assert "No audit pair has been judged yet" in page


def test_work_in_progress_shows_how_far_it_is(project: Project, rosa: User) -> None:
    make_run(project, kind=Run.Kind.EMBED, state=Run.State.RUNNING, done=30, total=120)

    page = main_of(browser_of(rosa).get(URL))

    assert "Embedding texts: 30 of 120" in page
    assert 'value="30" max="120"' in " ".join(page.split())


def test_a_run_put_aside_shows_its_error(project: Project, rosa: User) -> None:
    make_run(project, state=Run.State.PARKED, attempt=3, error="ValueError: no <finite> head")

    page = main_of(browser_of(rosa).get(URL))

    assert "failed 3 times and was put aside" in page
    assert "no &lt;finite&gt; head" in page


def test_a_living_worker_and_a_silent_one_are_told_apart(project: Project, rosa: User) -> None:
    silent = main_of(browser_of(rosa).get(URL))
    for process in Pulse.Process:
        record_pulse(process)
    alive = main_of(browser_of(rosa).get(URL))

    assert "Silent" in silent
    assert "Alive" in alive


def test_alarms_are_told_in_words_with_what_to_do_next(project: Project, rosa: User) -> None:
    metrics = {
        **METRICS,
        "alarms": ["temperature", "calibration", "drift"],
        "temperature": 1.31,
        "audit_ece": 0.083,
        "trial": {"released": 4},
    }
    study = make_study(project, make_snapshot(project, 5, metrics=metrics), alarms=["position"])

    page = " ".join(main_of(browser_of(rosa).get(URL)).replace("&#x27;", "'").split())
    study.delete()
    without = main_of(browser_of(rosa).get(URL))

    assert "too timid: they are corrected by a temperature of 1.31" in page
    assert "by 8.3 points on average" in page
    assert "prove released snapshot 4 worse" in page
    assert "People lean to the left by 0.30 logits (95 % interval 0.15 to 0.45)" in page
    assert "lean to the left" not in without


def test_without_an_alarm_nothing_asks_to_be_looked_at(project: Project, rosa: User) -> None:
    make_study(project, make_snapshot(project))

    assert "Look at this" not in main_of(browser_of(rosa).get(URL))


def test_the_human_ceiling_stands_beside_the_audit_figure(project: Project, rosa: User) -> None:
    known = {"people_n": 44, "people_agreement": 0.8, "ceiling_low": 0.8, "ceiling_high": 0.887}
    make_snapshot(project, metrics=METRICS | known)

    page = " ".join(main_of(browser_of(rosa).get(URL)).split())

    assert (
        "Two people agree on 80.0 % of such pairs (n&nbsp;=&nbsp;44), so a perfect head could reach 80.0 % to 88.7 %"
        in page
    )


def test_open_flags_are_counted_for_researchers_alone(project: Project, rosa: User, bob: User) -> None:
    assert "open flag" not in main_of(browser_of(rosa).get(URL))

    flags = [flag_assignment(assignment=lent, by=bob) for lent in lease_pairs(project=project, annotator=bob, n=3)]
    settle_flag(flag=flags[0], by=rosa)

    assert 'href="/p/antarctica/flags">2 open flags</a>' in main_of(browser_of(rosa).get(URL))
    assert "flag" not in main_of(browser_of(bob).get(URL))


def test_the_released_snapshot_is_named(project: Project, rosa: User) -> None:
    make_snapshot(project, 1)
    assert ">none yet<" in main_of(browser_of(rosa).get(URL))

    make_snapshot(project, 2, released_at=timezone.now())

    assert ">2</a>" in main_of(browser_of(rosa).get(URL))


def test_a_study_at_work_hides_no_parked_fit(project: Project, rosa: User) -> None:
    make_run(project, state=Run.State.PARKED, attempt=3, error="ValueError: bad vectors")
    make_run(project, kind=Run.Kind.STUDY, state=Run.State.RUNNING)

    assert "bad vectors" in main_of(browser_of(rosa).get(URL))


def test_it_refreshes_its_numbers_alone(project: Project, rosa: User) -> None:
    browser = browser_of(rosa)

    page, numbers = browser.get(URL).content.decode(), fragment(browser, URL).content.decode()

    assert 'data-poll-seconds="2"' in page
    assert numbers.strip().startswith("<div")
    assert 'data-poll-seconds="2"' in numbers


def test_guidelines_are_rendered_safely(project: Project, bob: User) -> None:
    Project.objects.update(guidelines="**Correct** first. <script>alert(1)</script>")

    page = main_of(browser_of(bob).get(URL))

    assert "<strong>Correct</strong>" in page
    assert "<script" not in page


def test_ten_more_rows_cost_no_more_queries(project: Project, rosa: User, bob: User) -> None:
    make_snapshot(project)
    compare(project, bob)
    before = n_queries(browser_of(rosa), URL)

    for number in range(10, 20):
        make_pair(project, number)
        make_snapshot(project, number)
        compare(project, bob)

    assert n_queries(browser_of(rosa), URL) == before
