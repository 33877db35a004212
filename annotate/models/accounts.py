"""People and how they get in: users, one-time sign-in links, API tokens, and the record of who did what."""

from uuid import uuid4

from django.contrib.auth.models import AbstractUser
from django.db import models
from django.db.models import Q
from knox.models import AbstractAuthToken

from annotate.models.vocabulary import KeyPreset

VERB, TARGET = 40, 200  # characters of an audit event


class User(AbstractUser):
    """A person, or the name under which a file's labels were imported (which can never sign in)."""

    public_id = models.UUIDField(default=uuid4, unique=True, editable=False)
    imported = models.BooleanField(default=False)
    display_name = models.CharField(max_length=150, blank=True)
    key_preset = models.CharField(max_length=10, choices=KeyPreset, default=KeyPreset.NUMBERS)

    class Meta(AbstractUser.Meta):
        constraints = [
            models.CheckConstraint(
                name="user_imported_never_signs_in", condition=Q(imported=False) | Q(is_active=False)
            ),
            models.CheckConstraint(name="user_key_preset", condition=Q(key_preset__in=KeyPreset.values)),
        ]

    def __str__(self) -> str:
        return self.display_name or self.username


class SignInLink(models.Model):
    """A link that signs its user in once. Only the hash of its token is stored."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="sign_in_links")
    token_hash = models.CharField(max_length=64, unique=True)
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return f"sign-in link of {self.user}"


class ApiToken(AbstractAuthToken):
    """A hashed token of the API with the widest thing it may do."""

    class Scope(models.TextChoices):
        READ = "read"
        ANNOTATE = "annotate"
        MANAGE = "manage"

        def allows(self, needed: "ApiToken.Scope") -> bool:
            ranked = list(ApiToken.Scope)
            return ranked.index(self) >= ranked.index(needed)

    scope = models.CharField(max_length=10, choices=Scope)
    name = models.CharField(max_length=100, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(name="api_token_scope", condition=Q(scope__in=["read", "annotate", "manage"]))
        ]

    def __str__(self) -> str:
        return f"{self.scope} token of {self.user}"


class AuditEvents(models.Manager["AuditEvent"]):
    def record(self, *, by: User | None, verb: str, target: object) -> None:
        """Append who did what to what; both texts are cut to what the row holds."""
        self.create(actor=by, verb=verb[:VERB], target=str(target)[:TARGET])


class AuditEvent(models.Model):
    """One thing that somebody did to a project or an account. Append-only."""

    actor = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    verb = models.CharField(max_length=VERB)
    target = models.CharField(max_length=TARGET)
    at = models.DateTimeField(auto_now_add=True, db_index=True)

    objects = AuditEvents()

    def __str__(self) -> str:
        return f"{self.actor} {self.verb} {self.target}"
