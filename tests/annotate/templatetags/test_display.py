"""How values look on a page."""

from datetime import timedelta

import pytest
from django.utils import timezone

from annotate.templatetags.display import ago, markdown, percent, span, whole_percent


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(-3, "0 s"), (0.9, "0 s"), (59, "59 s"), (60, "1 min"), (3_599, "59 min"), (7_200, "2 h"), (86_400, "1 day")],
)
def test_a_span_is_told_in_its_largest_unit(seconds: float, shown: str) -> None:
    assert span(seconds) == shown


def test_more_than_one_day_is_days() -> None:
    assert ago(timezone.now() - timedelta(days=3)) == "3 days ago"


def test_shares_are_per_cent_and_nothing_is_a_dash() -> None:
    assert (percent(0.1234), percent(None), whole_percent(0.876)) == ("12.3 %", "-", "88 %")


def test_a_text_is_rendered_and_cleaned() -> None:
    assert markdown("**so** <b onclick=x>") == '<p dir="auto"><strong>so</strong> &lt;b onclick=x&gt;</p>\n'
