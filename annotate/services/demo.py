"""The demo project: prompts of our own writing, answered by pretend systems with plain habits (annotate/demo)."""

from pathlib import Path

from django.db import transaction

from annotate.models import Project, User
from annotate.services.errors import Conflict
from annotate.services.importing import import_pairs
from annotate.services.projects import create_project

SLUG = "demo"
FILE = Path(__file__).parent.parent / "demo" / "preferences.jsonl"
GUIDELINES = """\
Choose the response that you would rather have received.

- **Correct before anything else.** A confident wrong answer is worse than a dull right one.
- Then **useful**: it answers what was asked, at a length that suits the question.
- Choose *tie* if you would not mind either, *both bad* if you would want neither, and skip what you cannot judge.
"""


@transaction.atomic
def make_demo_project(*, by: User) -> Project:
    """Create the demo project with `by` as its admin and import its file. Raises Conflict if it is here already."""
    if Project.objects.filter(slug=SLUG).exists():
        raise Conflict("The demo project is here already.")
    project = create_project(name="Demo", slug=SLUG, by=by, guidelines=GUIDELINES)
    with FILE.open("rb") as file:
        import_pairs(project=project, file=file, by=by)
    return project
