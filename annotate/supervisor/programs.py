"""What runs under `manage.py up`: each program, how it is started and with which environment."""

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field

# The web server and the ticker hold no tensors: one thread each leaves the cores to the trainer.
ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
# A thread of the trainer's that waits for its next piece of work sleeps: spinning, it would take the web's core.
NO_SPINNING = {"OMP_WAIT_POLICY": "PASSIVE"}
# Its tensors come and go with every fit: glibc from 2.35 on asks for huge pages, which are far fewer to hand out.
HUGE_PAGES = {"GLIBC_TUNABLES": "glibc.malloc.hugetlb=1"}
# Celery warns root of pickles; these workers accept JSON alone.
NO_PICKLES = {"PYTHONWARNINGS": "ignore:You're running the worker with superuser privileges"}
NO_PROGRESS_BARS = {"HF_HUB_DISABLE_PROGRESS_BARS": "1"}


@dataclass(frozen=True)
class Program:
    """One program to keep running: its name in the logs, its command, and its own defaults for the environment."""

    name: str
    command: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict)
    stops_last: bool = False
    log: str = "its lines above"


def web_program(*, port: int, workers: int, threads: int) -> Program:
    """Return gunicorn on the loopback address. It writes no access log: addresses may hold one-time tokens."""
    options = {
        "bind": f"127.0.0.1:{port}",
        "worker-class": "gthread",
        "workers": str(workers),
        "threads": str(threads),
        "timeout": "60",
        "graceful-timeout": "5",
        "log-level": "warning",
    }
    flags = [f"--{name}={value}" for name, value in options.items()]
    # A page gives up on a stuck query; the trainer and commands may take longer.
    defaults = {**ONE_THREAD, "DATABASE_STATEMENT_TIMEOUT_MS": "5000"}
    return Program("web", _python("gunicorn", "annotate.wsgi", "--no-control-socket", *flags), defaults)


def ticker_program() -> Program:
    """Return the small worker that looks for work every second; it never loads torch."""
    return Program("ticker", _worker("tick", "--beat"), {**ONE_THREAD, **NO_PICKLES})


def trainer_program() -> Program:
    """Return the worker that embeds and fits. It is nice to the web server, and its pool forks nothing under CUDA."""
    environment = {**NO_SPINNING, **HUGE_PAGES, **NO_PICKLES, **NO_PROGRESS_BARS}
    return Program("trainer", ("nice", "-n", "15", *_worker("train")), environment)


def _worker(queue: str, *flags: str) -> tuple[str, ...]:
    alone = ("--pool=solo", f"--hostname={queue}@%h", "--without-gossip", "--without-mingle", "--without-heartbeat")
    options = (f"--queues={queue}", "--loglevel=WARNING", *alone, *flags)
    return _python("celery", "--app=annotate", "--quiet", "worker", *options)


def _python(module: str, *arguments: str) -> tuple[str, ...]:
    return (sys.executable, "-m", module, *arguments)
