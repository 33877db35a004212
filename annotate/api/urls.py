"""The API's map, under /api/v1/."""

from django.urls import path, re_path

from annotate.api import (
    agreement,
    assignments,
    comparisons,
    disagreements,
    flags,
    gold,
    projects,
    rankings,
    schema,
    snapshots,
    status,
)

app_name = "api"
urlpatterns = [
    path("schema/", schema.Schema.as_view(), name="schema"),
    # projects/
    path("projects/", projects.Projects.as_view(), name="projects"),
    path("projects/<slug:slug>/", projects.ProjectDetail.as_view(), name="project"),
    path("projects/<slug:slug>/status/", status.Status.as_view(), name="status"),
    path("projects/<slug:slug>/assignments/", assignments.Assignments.as_view(), name="assignments"),
    path("projects/<slug:slug>/rankings/", rankings.Rankings.as_view(), name="rankings"),
    path("projects/<slug:slug>/comparisons/", comparisons.Comparisons.as_view(), name="comparisons"),
    path("projects/<slug:slug>/head.safetensors", snapshots.HeadInUse.as_view(), name="head-in-use"),
    path("projects/<slug:slug>/snapshots/", snapshots.Snapshots.as_view(), name="snapshots"),
    path("projects/<slug:slug>/snapshots/<int:number>/", snapshots.SnapshotDetail.as_view(), name="snapshot"),
    path(
        "projects/<slug:slug>/snapshots/<int:number>/head.safetensors",
        snapshots.HeadOfSnapshot.as_view(),
        name="head-file",
    ),
    path("projects/<slug:slug>/snapshots/<int:number>/release/", snapshots.Release.as_view(), name="release"),
    path("projects/<slug:slug>/snapshots/<int:number>/roll-back/", snapshots.RollBack.as_view(), name="roll-back"),
    path("projects/<slug:slug>/agreement/", agreement.AgreementDetail.as_view(), name="agreement"),
    path("projects/<slug:slug>/disagreements/", disagreements.Disagreements.as_view(), name="disagreements"),
    path("projects/<slug:slug>/disagreements/asked-again/", disagreements.AskedAgain.as_view(), name="asked-again"),
    path("projects/<slug:slug>/flags/", flags.Flags.as_view(), name="flags"),
    path("projects/<slug:slug>/flags/<uuid:assignment_id>/settle/", flags.Settle.as_view(), name="settle-flag"),
    path("projects/<slug:slug>/flags/<uuid:assignment_id>/reopen/", flags.Reopen.as_view(), name="reopen-flag"),
    path("projects/<slug:slug>/gold/", gold.GoldPairs.as_view(), name="gold"),
    path("projects/<slug:slug>/gold/clear/", gold.ClearGold.as_view(), name="clear-gold"),
    # assignments/, rankings/, comparisons/, me/
    path("assignments/<uuid:assignment_id>/comparison/", comparisons.Verdict.as_view(), name="verdict"),
    path("assignments/<uuid:assignment_id>/skip/", assignments.Skip.as_view(), name="skip"),
    path("assignments/<uuid:assignment_id>/flag/", assignments.Flagging.as_view(), name="flag"),
    path("rankings/<uuid:ranking_id>/order/", rankings.Order.as_view(), name="order"),
    path("rankings/<uuid:ranking_id>/skip/", rankings.SkipRanking.as_view(), name="skip-ranking"),
    path("rankings/<uuid:ranking_id>/retract/", rankings.RetractRanking.as_view(), name="retract-ranking"),
    path("comparisons/<uuid:comparison_id>/retract/", comparisons.Retract.as_view(), name="retract"),
    path("me/comparisons/", comparisons.OwnComparisons.as_view(), name="own-comparisons"),
    re_path("", schema.NoSuchEndpoint.as_view(), name="no-such-endpoint"),
]
