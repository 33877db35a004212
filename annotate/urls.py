"""The site map."""

from django.urls import include, path

from annotate.views import api_docs, health

urlpatterns = [
    # api/
    path("api/v1/", include("annotate.api.urls")),
    path("api/docs", api_docs.api_docs, name="api-docs"),
    # Is it alive, can it serve?
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
]
