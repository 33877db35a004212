"""Projects for the fault tests. Runs inside the installation's own Django, by `manage.py shell`, and prints a token."""

from django.db import transaction

from annotate.models import ApiToken, Embedding, Project, Role, User
from annotate.services.accounts import create_token
from annotate.services.encoders import EncoderSettings, choose_encoder
from annotate.services.members import set_member
from tests.factories import make_pair, make_project


def give_key(password: str) -> None:
    """Let the site admin in by password, and print a token of theirs that may do everything."""
    admin = User.objects.get(username="admin")
    admin.set_password(password)
    admin.save()
    print(create_token(user=admin, scope=ApiToken.Scope.MANAGE))  # noqa: T201


@transaction.atomic
def add_project(slug: str, n_pairs: int, **settings: object) -> None:
    """Make a project whose admin is the site admin; no text of it is in another project."""
    project = make_project(slug, **settings)
    set_member(project=project, user=User.objects.get(username="admin"), role=Role.ADMIN)
    add_pairs(project, n_pairs)


def add_pairs(project: Project, n_pairs: int) -> None:
    begin = project.pairs.count() + 1
    for number in range(begin, begin + n_pairs):
        texts = (f"No country owns it, case {number} of {project}.", f"{project} owns it {number} times over.")
        make_pair(project, number, texts=texts)


def choose_layers(slug: str, layers: tuple[int, ...]) -> None:
    """Have the site admin choose the packaged encoder with some of its layers."""
    admin = User.objects.get(username="admin")
    choose_encoder(project=Project.objects.get(slug=slug), settings=EncoderSettings(layers=layers), by=admin)


@transaction.atomic
def add_spoiled_pair(slug: str) -> None:
    """Add a pair one of whose responses has a vector already, too short by one number."""
    project = Project.objects.get(slug=slug)
    add_pairs(project, 1)
    good = Embedding.objects.filter(response__project=project).order_by("pk")[0]
    spoiled = project.pairs.order_by("-pk")[0].first
    Embedding.objects.create(response=spoiled, encoder_key=good.encoder_key, vector=bytes(good.vector)[:-2])


def mend_spoiled_pair(slug: str) -> None:
    good, *others = Embedding.objects.filter(response__project__slug=slug).order_by("pk")
    (spoiled,) = [other for other in others if len(other.vector) != len(good.vector)]
    Embedding.objects.filter(pk=spoiled.pk).update(vector=good.vector)
