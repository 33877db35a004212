"""The rules that keep the project readable. Each failure says which rule, where, and what to do instead."""

import ast
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from importlib.metadata import packages_distributions

import pytest

from tests.source import ROOT, Module, files, modules, within

MOST_LINES = 300
SAYING_NOTHING = {"utils", "util", "core", "common", "helpers", "helper", "manager", "managers", "misc", "lib"}

# Who may import whom: the layer a module is in, and what of ours it may use besides its own layer.
MAY_IMPORT: dict[str, tuple[str, ...]] = {
    "annotate.environment": (),
    "annotate.models": (),
    "annotate.formats": (),
    "annotate.agreement": (),
    "annotate.render": (),
    "annotate.compiled": (),
    "annotate.sides": ("annotate.models",),
    "annotate.permissions": ("annotate.models", "annotate.compiled", "annotate.services.errors"),
    "annotate.selectors": ("annotate.models", "annotate.compiled", "annotate.agreement", "annotate.formats.rows"),
    "annotate.services": (
        "annotate.models",
        "annotate.compiled",
        "annotate.selectors",
        "annotate.formats",
        "annotate.agreement",
        "annotate.environment",
    ),
    "annotate.supervisor": ("annotate.models", "annotate.selectors"),
    "trainer": (),
}
# Screens, endpoints, commands and their like may use all of the above, but never each other.
FACES = ("annotate.views", "annotate.api", "annotate.management")
# The files of trainer/ that know both worlds; everything else there is pure.
TRAINERS_SHELL = tuple(
    f"trainer.{part}"
    for part in (
        *("tasks", "desk", "reading", "trials", "studying", "reproduce", "shelf", "embedding"),
        *("replay", "apps", "management"),
    )
)
OF_THE_SHELL = ("trainer", "annotate.models", "annotate.selectors", "annotate.services", "annotate.formats")

NO_PICKLES = ("pickle", "cPickle", "dill", "joblib", "shelve", "marshal")
FRAMEWORKS = ("django", "celery", "rest_framework", "knox")
NEURAL = ("torch", "transformers", "safetensors", "trainer")
BROKER = ("celery", "kombu", "redis")
NETWORK = ("requests", "httpx", "aiohttp", "urllib.request", "http.client")
MAY_READ_ENVIRONMENT = ("annotate.environment", "annotate.celery", "annotate.wsgi")

ALL = modules()


def explain(problems: Iterable[str], rule: str) -> None:
    """Fail with the rule and every place that breaks it."""
    found = list(problems)
    assert not found, f"{rule}\n  " + "\n  ".join(found)


def layer(module: Module) -> str | None:
    return next((name for name in sorted(MAY_IMPORT, reverse=True) if within(module.name, name)), None)


def in_shell(name: str) -> bool:
    return any(within(name, part) for part in TRAINERS_SHELL)


def ours(module: Module) -> Iterator[tuple[int, str]]:
    return ((line, name) for line, name in module.imports() if within(name, "annotate") or within(name, "trainer"))


def imports_of(libraries: Iterable[str], where: Iterable[Module]) -> Iterator[str]:
    for module in where:
        for line, name in module.imports():
            if any(within(name, library) for library in libraries):
                yield f"{module}:{line} imports {name}"


def outside_its_layer(module: Module) -> Iterator[str]:
    own = layer(module)
    if own is None or in_shell(module.name):
        return
    allowed = (own, *MAY_IMPORT[own])
    for line, name in ours(module):
        if not any(within(name, part) for part in allowed):
            yield f"{module}:{line} imports {name}; {own} may use {', '.join(allowed)} alone"


def test_each_layer_imports_only_what_is_below_it() -> None:
    explain(
        (problem for module in ALL for problem in outside_its_layer(module)),
        "Move the code to the layer that may know both, or pass what is needed as an argument.",
    )


def test_screens_endpoints_and_commands_never_import_each_other() -> None:
    problems = (
        f"{module}:{line} imports {name}"
        for face in FACES
        for module in ALL
        if within(module.name, face)
        for line, name in ours(module)
        if any(within(name, other) for other in FACES if other != face)
    )
    explain(problems, "What two of them share is a service or a selector.")


def test_the_trainers_core_is_pure() -> None:
    core = [module for module in ALL if within(module.name, "trainer") and not in_shell(module.name)]
    problems = [f"{module}:{line} imports {name}" for module in core for line, name in ours(module) if in_shell(name)]

    explain(
        [*problems, *imports_of((*FRAMEWORKS, "annotate"), core)],
        "The core takes arrays and returns arrays. Fetch and store in trainer/desk.py instead.",
    )


def test_the_trainers_shell_uses_rows_selectors_and_services_alone() -> None:
    problems = (
        f"{module}:{line} imports {name}"
        for module in ALL
        if in_shell(module.name)
        for line, name in ours(module)
        if not any(within(name, part) for part in OF_THE_SHELL)
    )
    explain(problems, "The trainer knows nothing of screens, endpoints or commands.")


def test_the_web_process_never_loads_torch() -> None:
    explain(
        imports_of(NEURAL, (module for module in ALL if within(module.name, "annotate"))),
        "A page never waits for a model. Do it in a run of the trainer and read its rows.",
    )


def test_formats_and_rendering_know_no_framework() -> None:
    pure = [
        m for m in ALL if any(within(m.name, p) for p in ("annotate.formats", "annotate.render", "annotate.agreement"))
    ]
    explain(imports_of(FRAMEWORKS, pure), "These are functions over values; take what you need as an argument.")


def test_only_the_supervisor_and_celery_itself_talk_to_the_broker() -> None:
    web = (
        m
        for m in ALL
        if within(m.name, "annotate") and not m.name.startswith(("annotate.supervisor", "annotate.celery"))
    )
    explain(
        imports_of(BROKER, web),
        "A verdict, an undo or a page must work while Redis is down: write a row; the tick sees it.",
    )


def test_nothing_calls_out_to_the_network() -> None:
    others = (module for module in ALL if module.name != "annotate.supervisor.readiness")
    explain(imports_of(NETWORK, others), "Tiebreak makes no outbound requests: no import from an address, no webhooks.")


def test_nothing_is_pickled() -> None:
    loads = (
        f"{module}:{node.lineno} calls torch.{node.attr}"
        for module in ALL
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Attribute) and node.attr in ("load", "save")
        if isinstance(node.value, ast.Name) and node.value.id == "torch"
    )
    explain(
        [*imports_of(NO_PICKLES, ALL), *loads],
        "A pickle runs code when it is read. Weights are safetensors, messages JSON.",
    )


def test_the_environment_is_read_in_one_place() -> None:
    reads = (
        f"{module}:{node.lineno} uses os.{node.attr}"
        for module in ALL
        if module.name not in MAY_READ_ENVIRONMENT
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Attribute) and node.attr in ("environ", "environb", "getenv", "putenv")
    )
    explain(reads, "Read it with a typed reader of annotate/environment.py, in settings.py or in `up`.")


@pytest.mark.parametrize("pattern", ["*.py", "*.html", "*.css", "*.js"])
def test_no_file_is_longer_than_can_be_read_in_one_sitting(pattern: str) -> None:
    lengths = {path.relative_to(ROOT): len(path.read_text().splitlines()) for path in files(pattern)}
    explain(
        (f"{path} has {length} lines" for path, length in lengths.items() if length > MOST_LINES),
        f"Split it by subject before it reaches {MOST_LINES} lines.",
    )


def test_every_module_is_named_for_what_it_holds() -> None:
    names = (path for path in files("*.py") if SAYING_NOTHING & {path.stem, *path.relative_to(ROOT).parts[:-1]})
    explain((str(path.relative_to(ROOT)) for path in names), "Name the subject: `geometry`, `linking`, not `utils`.")


def test_every_module_opens_with_what_lives_in_it() -> None:
    silent = (str(module) for module in ALL if len(module.tree.body) > 2 and not ast.get_docstring(module.tree))
    explain(silent, "Begin the file with one sentence: what lives here.")


def requirements() -> list[str]:
    lines = "".join((ROOT / name).read_text() for name in ("requirements.txt", "requirements-dev.txt")).splitlines()
    return [line for line in lines if not line.startswith(("#", "-r"))]


def test_every_requirement_is_pinned_and_has_a_reason() -> None:
    loose = (line for line in requirements() if not re.fullmatch(r"[\w.\[\]-]+==[\w.]+ +# \w.+", line))
    explain(loose, "Write `name==version  # reason`; what a few lines of our own can do needs no requirement.")


def test_every_requirement_of_the_product_is_used() -> None:
    named_elsewhere = {"psycopg", "argon2"}  # Django loads them by the database's and the hasher's name
    text = "\n".join(path.read_text() for path in [*files("*.py"), *files("*.html")] if "tests" not in path.parts)
    modules_of = invert(packages_distributions())
    unused = (
        name
        for name in re.findall(r"^([\w.-]+)", (ROOT / "requirements.txt").read_text(), re.MULTILINE)
        if not any(re.search(rf"\b{module}\b", text) for module in modules_of[name.lower()])
        if not named_elsewhere & set(modules_of[name.lower()])
    )
    explain(unused, "Remove it from requirements.txt.")


def invert(distributions: Mapping[str, list[str]]) -> dict[str, list[str]]:
    """Return the modules that each distribution brings, by its name in lower case."""
    brought: dict[str, list[str]] = defaultdict(list)
    for module, names in distributions.items():
        for name in names:
            brought[name.lower()].append(module)
    return brought


def test_the_rules_see_the_project() -> None:
    names = {module.name for module in ALL}

    assert {
        "annotate.settings",
        "annotate.services.assigning",
        "annotate.models",
        "trainer.fit",
        "trainer.tasks",
    } <= names


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ("annotate/models/imagined.py", "from annotate.services import assigning"),
        ("annotate/services/imagined.py", "import annotate.views.compare"),
        ("annotate/formats/imagined.py", "def f():\n    from annotate.models import Pair"),
        ("trainer/imagined.py", "from annotate.models import Pair"),
    ],
)
def test_the_rule_of_layers_can_fail(path: str, line: str) -> None:
    imagined = Module(ROOT / path)
    imagined.__dict__["tree"] = ast.parse(line)

    assert list(outside_its_layer(imagined))
