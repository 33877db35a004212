"""The API's own description (OpenAPI 3.1), made from its code; and the answer where there is no endpoint."""

from typing import Any, NoReturn

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import extend_schema
from drf_spectacular.views import SpectacularJSONAPIView
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.views import APIView

from annotate.api.authentication import ApiTokenAuthentication
from annotate.api.permissions import Reading


@extend_schema(exclude=True)
class Schema(SpectacularJSONAPIView):
    """The OpenAPI schema."""

    permission_classes = [Reading]
    throttle_scope = "managing"


@extend_schema(exclude=True)
class NoSuchEndpoint(APIView):
    """Every address that is none of ours: refusals are JSON there too."""

    permission_classes = [Reading]
    throttle_scope = "reading"

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> NoReturn:
        super().initial(request, *args, **kwargs)
        raise NotFound("There is no such endpoint. GET /api/v1/schema/ lists them; mind the slash at the end.")


class ApiTokenScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """How the schema describes the token."""

    target_class = ApiTokenAuthentication
    name = "token"

    def get_security_definition(self, auto_schema: AutoSchema) -> dict[str, str]:
        return {
            "type": "apiKey",
            "in": "header",
            "name": "Authorization",
            "description": "`Token <token>`. Scopes: read < annotate < manage.",
        }


def describe_refusals(result: dict[str, Any], **context: Any) -> dict[str, Any]:
    """Say of every operation that whatever is no success has the shape of a refusal."""
    refusal = {
        "description": "A refusal: nothing was changed.",
        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Refusal"}}},
    }
    for operations in result["paths"].values():
        for operation in operations.values():
            operation["responses"].setdefault("default", refusal)
    return result


def describe_strictness(result: dict[str, Any], **context: Any) -> dict[str, Any]:
    """Say of everything that is sent that unknown fields are refused."""
    for name, component in result["components"]["schemas"].items():
        if name.endswith("Request"):
            component["additionalProperties"] = False
    return result
