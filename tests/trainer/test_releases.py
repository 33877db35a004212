"""Releases from verdict to stamp, through the real services: the first one, a drift, no drift, a better head."""

from dataclasses import replace
from hashlib import sha256

import numpy as np
import pytest

from annotate.models import AuditEvent, Project, Snapshot, User
from annotate.selectors.snapshots import head_in_use
from annotate.services.releasing import release_snapshot, released_snapshot
from tests.factories import make_user
from tests.trainer.crowd import WIDE, Crowd
from trainer import shelf, trials
from trainer.head import Head

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def nothing_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep nothing of other tests, whose rows had the same ids."""
    for module, name in ((shelf, "_shelves"), (trials, "_scorers"), (trials, "_slices")):
        monkeypatch.setattr(module, name, type(getattr(module, name))())


@pytest.fixture
def admin(db: None) -> User:
    return make_user("adele", superuser=True)


def number_released(project: Project) -> int | None:
    released = released_snapshot(project)
    return released.number if released else None


def put_beside(snapshot: Snapshot, *, sign: float = 1.0, noise: float = 0.0) -> Snapshot:
    """Store another snapshot of the same labels whose head is the given one turned, or a little off."""
    head = Head.from_bytes(bytes(snapshot.weights))
    off = noise * np.random.default_rng(0).standard_normal(len(head.weights_D))
    weights = replace(head, weights_D=(sign * head.weights_D + off).astype(np.float32)).to_bytes()
    snapshot.pk, snapshot.number, snapshot.released_at = None, snapshot.number + 1, None
    snapshot.config_digest, snapshot.weights = sha256(weights).hexdigest(), weights
    snapshot.save()
    return snapshot


def test_the_first_release_beats_a_coin_on_a_hundred_audit_labels(admin: User) -> None:
    crowd = Crowd(n_pairs=110)
    crowd.judge(60)
    early = crowd.learn()
    assert number_released(crowd.project) is None

    crowd.judge(45)
    snapshot = crowd.learn()

    trial = snapshot.metrics["trial"]
    assert early.metrics["trial"]["look"] is False
    assert (trial["n"], trial["look"], trial["released"]) == (105, True, None)
    assert [one["name"] for one in trial["conditions"]] == ["gain", "accuracy", "slices", "calibration", "ranking"]
    assert all(one["held"] for one in trial["conditions"])
    assert number_released(crowd.project) == snapshot.number
    assert AuditEvent.objects.filter(verb__startswith="released", actor=None).exists()


def test_what_is_released_is_what_was_tried_the_head_refitted_at_full_rank() -> None:
    crowd = Crowd(n_pairs=600, spread_D=WIDE)
    crowd.taste /= 2  # margins nearer to what the prior expects, so that chances are calibrated
    crowd.judge(60)
    early = crowd.learn()
    crowd.judge(340)
    tried = crowd.learn()
    crowd.judge(1)
    later = crowd.learn()

    assert (early.full_rank, later.full_rank) == (None, None)
    assert [one.metrics["trial"]["full_rank"] for one in (early, tried, later)] == [False, True, False]
    assert number_released(crowd.project) == tried.number
    live, whole = (Head.from_bytes(bytes(content)) for content in (tried.weights, tried.full_rank or b""))
    assert not np.allclose(live.weights_D, whole.weights_D, rtol=1e-3)
    (scorer,) = trials._scorers[crowd.project.pk]
    assert scorer.head.weights_D.tolist() == whole.weights_D.tolist()
    found = head_in_use(crowd.project)
    assert found is not None
    assert (found.weights, found.number, found.released) == (whole.to_bytes(), tried.number, True)


def test_people_who_toss_coins_make_no_release() -> None:
    crowd = Crowd(n_pairs=110)
    crowd.taste = np.zeros(8)
    crowd.judge(105)

    assert crowd.learn().metrics["trial"]["look"] is True
    assert number_released(crowd.project) is None


@pytest.fixture
def after_a_release(admin: User) -> Crowd:
    """Return a crowd whose head was released by hand."""
    crowd = Crowd(n_pairs=220)
    crowd.judge(80)
    first = crowd.learn()
    release_snapshot(project=crowd.project, number=first.number, by=admin)
    return crowd


def test_a_released_head_that_drifted_is_rolled_back_by_fresh_audit_labels(after_a_release: Crowd, admin: User) -> None:
    crowd = after_a_release
    first = crowd.learn()
    drifted = put_beside(Snapshot.objects.get(pk=first.pk), sign=-1.0)
    release_snapshot(project=crowd.project, number=drifted.number, by=admin)

    crowd.judge(60)
    newest = crowd.learn()

    assert newest.metrics["trial"]["wealth"] >= 20
    assert newest.metrics["alarms"] == ["drift"]
    assert number_released(crowd.project) == first.number
    assert AuditEvent.objects.filter(verb=f"rolled back snapshot {drifted.number} of", actor=None).exists()


def test_a_released_head_that_did_not_drift_stays(after_a_release: Crowd, admin: User) -> None:
    crowd = after_a_release
    alike = put_beside(crowd.learn(), noise=0.02)
    release_snapshot(project=crowd.project, number=alike.number, by=admin)

    for _ in range(3):
        crowd.judge(20)
        newest = crowd.learn()

    assert newest.metrics["trial"]["wealth"] < 20
    assert "drift" not in newest.metrics["alarms"]
    assert number_released(crowd.project) == alike.number


def test_a_project_that_leaves_releases_to_people_is_only_warned(after_a_release: Crowd, admin: User) -> None:
    crowd = after_a_release
    Project.objects.update(release_automatically=False)
    drifted = put_beside(crowd.learn(), sign=-1.0)
    release_snapshot(project=crowd.refreshed(), number=drifted.number, by=admin)

    crowd.judge(60)
    newest = crowd.learn()

    assert newest.metrics["alarms"] == ["drift"]
    assert number_released(crowd.project) == drifted.number


def test_what_the_released_head_had_seen_is_no_fresh_label(after_a_release: Crowd) -> None:
    crowd = after_a_release

    crowd.judge(10)

    assert crowd.learn().metrics["trial"]["n"] == 10


def test_heads_of_another_encoder_are_not_tried(after_a_release: Crowd, admin: User) -> None:
    crowd = after_a_release
    released = Snapshot.objects.get(number=released_snapshot(crowd.project).number)
    alike = put_beside(Snapshot.objects.get(pk=released.pk), noise=0.02)
    release_snapshot(project=crowd.project, number=alike.number, by=admin)
    Snapshot.objects.filter(pk=released.pk).update(encoder_key="an older one")

    crowd.judge(5)
    beside_an_older = crowd.learn().metrics["trial"]
    Snapshot.objects.filter(pk=alike.pk).update(encoder_key="an older one")
    trials._scorers.clear()
    crowd.judge(5)

    assert (beside_an_older["released"], beside_an_older["n"]) == (alike.number, 5)
    assert crowd.learn().metrics["trial"] is None
