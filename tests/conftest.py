"""Fixtures that many tests share: the cast and a project with pairs."""

import pytest

from annotate.models import Project, Role, User
from tests.factories import make_member, make_project, make_user


@pytest.fixture
def project(db: None) -> Project:
    return make_project(n_pairs=5)


@pytest.fixture
def alice(project: Project) -> User:
    return make_member(project, "alice", role=Role.ADMIN)


@pytest.fixture
def rosa(project: Project) -> User:
    return make_member(project, "rosa", role=Role.RESEARCHER)


@pytest.fixture
def bob(project: Project) -> User:
    return make_member(project, "bob")


@pytest.fixture
def charlie(db: None) -> User:
    return make_user("charlie")
