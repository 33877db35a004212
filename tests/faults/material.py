"""Projects for the fault tests. Runs inside the installation's own Django, by `manage.py shell`, and prints a token."""

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.db import transaction

from annotate.models import ApiToken, Embedding, Project, Role, User
from annotate.services.accounts import create_token
from annotate.services.encoders import EncoderSettings, choose_encoder
from annotate.services.members import set_member
from annotate.sessions import SessionStore
from tests.factories import make_member, make_pair, make_project


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
    """Do what the error advises."""
    good, *others = Embedding.objects.filter(response__project__slug=slug).order_by("pk")
    (spoiled,) = [other for other in others if len(other.vector) != len(good.vector)]
    spoiled.delete()


def add_crowd(slug: str, n_pairs: int, n_annotators: int, *, sessions: bool = False) -> None:
    """Make a project of two looks at each pair and its annotators; print its id, then a key for each person."""
    with transaction.atomic():
        project = make_project(slug, overlap=2, repeat_share=0.1, repeat_after=100)
        add_pairs(project, n_pairs)
        people = [make_member(project, f"{slug}-{number}") for number in range(n_annotators)]
        keys = [_session(one) if sessions else create_token(user=one, scope=ApiToken.Scope.ANNOTATE) for one in people]
    print("\n".join([str(project.pk), *keys]))  # noqa: T201


def _session(person: User) -> str:
    """Sign a person in past the password and return the session's key."""
    session = SessionStore()
    session[SESSION_KEY] = str(person.pk)
    session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[-1]
    session[HASH_SESSION_KEY] = person.get_session_auth_hash()
    session.create()
    return str(session.session_key)
