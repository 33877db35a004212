"""The site map."""

from django.urls import include, path

urlpatterns = [
    path("api/v1/", include("annotate.api.urls")),
]
