"""Runs of a project with a tiny encoder, done in this process one after the other."""

from collections.abc import Callable

from annotate.models import Run
from annotate.services.encoders import EncoderSettings
from annotate.services.training import claim_run, due_runs
from trainer import desk

TINY = EncoderSettings(model="tiny")
OTHER = EncoderSettings(model="tiny", layers=(-1,), pooling="last")
THIRD = EncoderSettings(model="tiny", pooling="cls")


def claim(kind: Run.Kind) -> Run:
    (due,) = [run for run in due_runs() if run.kind == kind]
    run = claim_run(due.pk)
    assert run is not None
    return run


def do_all() -> list[Run.Kind]:
    """Do what is due until nothing is, and return the kinds of runs in their order."""
    done = []
    while due := due_runs():
        run = claim_run(due[0].pk)
        assert run is not None
        desk.perform(run)
        done.append(Run.Kind(run.kind))
    return done


def stopping_after(n: int) -> Callable[[], bool]:
    """Return a question that is answered with yes from the n-th time on, counted from 0."""
    asked = iter(range(10**9))
    return lambda: next(asked) >= n
