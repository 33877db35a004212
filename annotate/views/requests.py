"""The request as views see it, for types alone."""

from django.http import HttpRequest
from django_htmx.middleware import HtmxDetails

from annotate.models import User


class SignedInRequest(HttpRequest):
    """A request that passed LoginRequiredMiddleware and HtmxMiddleware."""

    user: User
    htmx: HtmxDetails
