"""The walk through the random order is a seek in an index on either database, not a sort of all pairs."""

import pytest
from django.db import connection

from annotate.selectors.next_pair import _first_in_order

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("ahead", [True, False])
@pytest.mark.parametrize(("audit", "index"), [(False, "pair_learn_order"), (True, "pair_audit_order")])
def test_the_next_pair_in_order_is_found_by_an_index(audit: bool, ahead: bool, index: str) -> None:
    if connection.vendor == "postgresql":  # an empty table is read whole unless that is forbidden
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_sort = off")

    plan = _first_in_order.__wrapped__(1, 1, 0, audit, ahead, False).explain()

    assert index in plan
    assert "TEMP B-TREE" not in plan
