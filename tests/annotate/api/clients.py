"""Programs that call the API: a person's client with a token of one scope."""

from rest_framework.test import APIClient

from annotate.models import ApiToken, User
from annotate.services.accounts import create_token


def client_of(user: User, scope: ApiToken.Scope = ApiToken.Scope.MANAGE) -> APIClient:
    client = APIClient(raise_request_exception=False)
    client.credentials(HTTP_AUTHORIZATION=f"Token {create_token(user=user, scope=scope)}")
    return client
