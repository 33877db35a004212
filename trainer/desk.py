"""The desk where a run is done: rows in, the trainer's pure functions over arrays, rows out.

Rows are read in reading.py, responses get their vectors in embedding.py, and studying.py holds the costly look.
"""

from hashlib import sha256
from math import log
from time import perf_counter

import numpy as np
import torch

from annotate.models import Project, Run, Snapshot
from annotate.selectors.asked_again import asked_pairs
from annotate.services.publishing import Queued, SnapshotContent, Surprising, publish_snapshot
from annotate.services.training import config_digest, fit_config, fit_mark, send_back_to_embedding
from trainer.alarms import fit_alarms
from trainer.embedding import embed, reembed
from trainer.flips import controls_of
from trainer.head import Head
from trainer.honesty import reliability_bins
from trainer.judge import LabelReport
from trainer.material import Material
from trainer.outcomes import Outcome, verdicts
from trainer.reading import Reading, read_project
from trainer.refit import Refit, refit
from trainer.release import ROLL_BACK_AT
from trainer.shelf import NotEmbedded, clear_shelf
from trainer.studying import study_project
from trainer.trials import hold_trial, reference_rewards

N_AUDIT_AHEAD = 64  # audit pairs whose prediction is written before anybody sees them
MOST_DISAGREEMENTS = 200


def perform(run: Run) -> None:
    """Do a claimed run: embed what has no vector yet, fit and publish a snapshot, or study one."""
    work = {Run.Kind.EMBED: embed, Run.Kind.REEMBED: reembed, Run.Kind.FIT: fit, Run.Kind.STUDY: study_project}
    try:
        work[Run.Kind(run.kind)](run)
    except NotEmbedded:
        send_back_to_embedding(run)
    except (ValueError, RuntimeError):  # what spoiled rows make of a fit
        clear_shelf(run.project_id)
        raise


def fit(run: Run) -> Refit:
    """Read the project as it stands now, refit the head, and publish it with its queue and disagreements.

    The result's pairs are in the order of `pair_rows`. Raises NotEmbedded.
    """
    started, project = perf_counter(), run.project
    read = read_project(project)
    parent = Snapshot.objects.filter(project=project).order_by("-number").first()
    result = refit_from(read, parent, seed=project.seed)
    if not np.isfinite(result.head.weights_D).all():
        raise ValueError("the fit gave weights that are no numbers")
    read.shelf.geometry = result.geometry
    content = _content(project, read, parent, result, started)
    publish_snapshot(run, content, queue=_queue(result, read), disagreements=_disagreements(project, read, result))
    return result


def refit_from(read: Reading, parent: Snapshot | None, *, seed: int) -> Refit:
    """Refit from what was read, going on from the head of a snapshot."""
    previous = Head.from_bytes(bytes(parent.weights)) if parent else None
    return refit(read.material, read.config, previous=previous, geometry=read.shelf.geometry, seed=seed)


def _content(
    project: Project, read: Reading, parent: Snapshot | None, result: Refit, started: float
) -> SnapshotContent:
    weights = result.head.to_bytes()
    held = hold_trial(project, parent, read, result)
    trial = held.figures if held else None
    digests = {**result.digests, "parent": parent.digest if parent else None}
    return SnapshotContent(
        watermark=fit_mark(project, read.mark),
        config_digest=config_digest(project),
        encoder_key=read.shelf.encoder_key,
        n_comparisons=len(read.labels.comparison),
        last_comparison=read.mark.last_comparison,
        parent_id=parent.pk if parent else None,
        weights=weights,
        full_rank=held.full_rank.to_bytes() if held and held.full_rank else None,
        digest=sha256(weights).hexdigest(),
        config={**fit_config(project), "digests": digests, "versions": versions()},
        metrics={
            **result.metrics,
            "alarms": fit_alarms(result.metrics, trial["wealth"] if trial else 1.0, ROLL_BACK_AT),
            "trial": trial,
            "seconds": result.seconds,
            "audit_bins": _audit_bins(read.material),
        },
        reference_rewards=reference_rewards(project, read, result),
        seconds=perf_counter() - started,
        device=device_name(),
    )


def _queue(result: Refit, read: Reading) -> list[Queued]:
    """Return the chosen learn pairs, then the audit pairs that come next, so that both are predicted before shown."""
    chosen, pairs = result.queue, read.pairs
    learn = [
        Queued(int(pairs.pair[pair]), p_first=float(p), information=_or_none(gain), propensity=_or_none(chance))
        for pair, p, gain, chance in zip(
            chosen.pair_Q, chosen.p_first_Q, chosen.information_Q, chosen.propensity_Q, strict=True
        )
    ]
    ahead = np.flatnonzero(pairs.assignable & pairs.audit)[:N_AUDIT_AHEAD]
    return learn + [Queued(int(pairs.pair[pair]), p_first=float(result.p_first_M[pair])) for pair in ahead]


def _disagreements(project: Project, read: Reading, result: Refit) -> list[Surprising]:
    """Return the labels that the head without them held for less likely than not, the most surprising first."""
    report, comparison_B = result.labels, read.labels.comparison
    surprise_B = np.nan_to_num(report.surprise_B)
    worst = [
        label for label in np.argsort(-surprise_B, kind="stable")[:MOST_DISAGREEMENTS] if surprise_B[label] > log(2)
    ]
    return [
        Surprising(
            int(comparison_B[label]),
            p_left_out=float(report.p_first_B[label]),
            surprise=float(surprise_B[label]),
            badge=report.badge_B[label],
            influences=tuple((int(comparison_B[one.label]), one.logits) for one in report.moved.get(label, ())),
            control_id=int(comparison_B[control]) if control >= 0 else None,
            control_p_left_out=float(report.p_first_B[control]) if control >= 0 else None,
        )
        for label, control in zip(worst, _controls(project, read, report, worst), strict=True)
    ]


def _controls(project: Project, read: Reading, report: LabelReport, worst: list[np.intp]) -> list[int]:
    """Return for each label its control, of a pair that has not been asked again."""
    spare_B = ~np.isin(read.labels.pair, asked_pairs(project))
    labels = report.p_first_B, verdicts(read.material.outcome_B), read.labels.pair
    controls: list[int] = controls_of(np.array(worst, np.int64), *labels, spare_B, seed=project.seed).tolist()
    return controls


def _audit_bins(material: Material) -> list[dict[str, float]]:
    """Return the reliability diagram of the decisive audit labels that were predicted before they were shown."""
    shown = np.isfinite(material.p_first_shown_B) & np.isin(material.outcome_B, (Outcome.FIRST, Outcome.SECOND))
    won = material.outcome_B[shown] == Outcome.FIRST
    bins = reliability_bins(material.p_first_shown_B[shown], won, n_bins=10)
    return [{"n": one.n, "predicted": one.mean_probability, "observed": one.frequency} for one in bins]


def device_name() -> str:
    """Return what a snapshot says it was computed on."""
    return torch.cuda.get_device_name() if torch.cuda.is_available() else f"cpu, {torch.get_num_threads()} threads"


def versions() -> dict[str, str]:
    """Return the libraries on which the bytes of a snapshot depend."""
    return {"torch": torch.__version__, "numpy": np.__version__}


def _or_none(number: float) -> float | None:
    return None if np.isnan(number) else float(number)
