"""What the rows of a project say after a crowd has worked in it, against what its annotators were told."""

from dataclasses import dataclass

from tests.faults.database import Database

STORED = "SELECT c.client_key FROM annotate_comparison c WHERE c.project_id = ? AND c.source = 'live'"
DOUBLED = """
SELECT count(*) FROM (
    SELECT a.pair_id FROM annotate_comparison c JOIN annotate_assignment a ON a.id = c.assignment_id
    WHERE c.project_id = ? AND c.retracted_at IS NULL GROUP BY a.pair_id, a.annotator_id, a.round HAVING count(*) > 1
) AS twice
"""
BEYOND = """
SELECT count(*) FROM annotate_pair p WHERE p.project_id = ? AND p.overlap < (
    SELECT count(*) FROM annotate_assignment a WHERE a.pair_id = p.id AND a.stream IN ('learn', 'audit') AND (
        a.closed_at IS NULL OR EXISTS (
            SELECT 1 FROM annotate_comparison c
            WHERE c.assignment_id = a.id AND c.retracted_at IS NULL AND NOT c.surplus)))
"""
MISCOUNTED = """
SELECT count(*) FROM annotate_pair p WHERE p.project_id = ? AND p.slots_taken <> (
    SELECT count(*) FROM annotate_assignment a WHERE a.pair_id = p.id AND a.stream IN ('learn', 'audit') AND (
        a.closed_at IS NULL OR EXISTS (
            SELECT 1 FROM annotate_comparison c
            WHERE c.assignment_id = a.id AND c.retracted_at IS NULL AND NOT c.surplus)))
"""


@dataclass(frozen=True)
class Audit:
    """All of them must be 0: acknowledged but not stored, two verdicts where one is, pairs beyond their overlap."""

    lost: int
    doubled: int
    beyond_overlap: int
    miscounted: int


def audit(database: Database, project_id: int, acknowledged: list[str]) -> Audit:
    """Compare the rows with the verdicts' keys that were acknowledged."""
    stored = {str(key).replace("-", "") for (key,) in database.rows(STORED, project_id)}
    told = {key.replace("-", "") for key in acknowledged}
    doubled, beyond, miscounted = (int(database.one(query, project_id)) for query in (DOUBLED, BEYOND, MISCOUNTED))
    return Audit(len(told - stored), doubled + len(acknowledged) - len(told), beyond, miscounted)
