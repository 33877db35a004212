"""The site map."""

from django.contrib import admin
from django.contrib.auth.decorators import login_not_required
from django.urls import include, path
from django.views.generic import RedirectView

from annotate.views.account import account
from annotate.views.agreement import agreement, agreement_chart, agreement_csv
from annotate.views.annotators import annotators
from annotate.views.api_docs import api_docs
from annotate.views.compare import compare
from annotate.views.data import data, data_export
from annotate.views.disagreements import disagreement, disagreements
from annotate.views.flags import flags
from annotate.views.gold import gold
from annotate.views.guidelines import guidelines
from annotate.views.healthz import healthz
from annotate.views.history import history
from annotate.views.invite import invite
from annotate.views.link import link
from annotate.views.login import login, logout
from annotate.views.new_project import new_project
from annotate.views.overview import overview
from annotate.views.projects import projects
from annotate.views.rank import rank
from annotate.views.readyz import readyz
from annotate.views.settings import settings
from annotate.views.snapshots import head, snapshot_head, snapshot_metrics, snapshots

urlpatterns = [
    # /
    path("", projects, name="projects"),
    path("login", login, name="login"),
    path("logout", logout, name="logout"),
    path("link/<str:token>", link, name="link"),
    path("invite/<str:token>", invite, name="invite"),
    path("account", account, name="account"),
    path("projects/new", new_project, name="new-project"),
    path("healthz", healthz, name="healthz"),
    path("readyz", readyz, name="readyz"),
    # /p/<slug>/
    path("p/<slug:slug>/", overview, name="overview"),
    path("p/<slug:slug>/compare", compare, name="compare"),
    path("p/<slug:slug>/rank", rank, name="rank"),
    path("p/<slug:slug>/annotators", annotators, name="annotators"),
    path("p/<slug:slug>/guidelines", guidelines, name="guidelines"),
    path("p/<slug:slug>/history", history, name="history"),
    path("p/<slug:slug>/agreement", agreement, name="agreement"),
    path("p/<slug:slug>/agreement/<slug:chart>.json", agreement_chart, name="agreement-chart"),
    path("p/<slug:slug>/agreement/<slug:chart>.csv", agreement_csv, name="agreement-csv"),
    path("p/<slug:slug>/disagreements", disagreements, name="disagreements"),
    path("p/<slug:slug>/disagreements/<uuid:comparison>", disagreement, name="disagreement"),
    path("p/<slug:slug>/flags", flags, name="flags"),
    path("p/<slug:slug>/snapshots", snapshots, name="snapshots"),
    path("p/<slug:slug>/snapshots/head.safetensors", head, name="head"),
    path("p/<slug:slug>/snapshots/<int:number>.safetensors", snapshot_head, name="snapshot-head"),
    path("p/<slug:slug>/snapshots/<int:number>.json", snapshot_metrics, name="snapshot-metrics"),
    path("p/<slug:slug>/data", data, name="data"),
    path("p/<slug:slug>/data/<slug:format_name>", data_export, name="data-export"),
    path("p/<slug:slug>/gold", gold, name="gold"),
    path("p/<slug:slug>/settings", settings, name="settings"),
    # /api/, /admin/
    path("api/v1/", include("annotate.api.urls")),
    path("api/docs", api_docs, name="api-docs"),
    path("admin/login/", login_not_required(RedirectView.as_view(pattern_name="login", query_string=True))),
    path("admin/", admin.site.urls),
]
