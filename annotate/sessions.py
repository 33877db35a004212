"""Sessions and their people, kept as Django keeps them and read by compiled queries: every page begins with both."""

from django.contrib.auth.backends import ModelBackend
from django.contrib.sessions.backends import db
from django.contrib.sessions.models import Session
from django.db.models import QuerySet
from django.db.models.functions import Now

from annotate.compiled import compiled
from annotate.models import User


class SessionStore(db.SessionStore):
    """Django's sessions in the database."""

    def _get_session_from_db(self) -> Session | None:
        for session in _unexpired(self.session_key or ""):
            return session
        self._session_key = None
        return None


class PasswordBackend(ModelBackend):
    """Django's accounts with passwords."""

    def get_user(self, user_id: int) -> User | None:
        return next(iter(_with_id(int(user_id))), None)


@compiled
def _unexpired(key: str) -> QuerySet[Session]:
    return Session.objects.filter(session_key=key, expire_date__gt=Now())


@compiled
def _with_id(user: int) -> QuerySet[User]:
    return User.objects.filter(pk=user, is_active=True)
