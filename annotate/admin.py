"""Inspection for site admins, read-only: rows change through services, which keep the record."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from annotate import models


class ReadOnly(admin.ModelAdmin):
    """Show rows and change nothing."""

    list_per_page = 50
    show_full_result_count = False

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(models.User)
class UserAdmin(ReadOnly):
    list_display = ["username", "display_name", "is_active", "is_superuser", "imported", "last_login"]
    search_fields = ["username", "display_name"]
    exclude = ["password"]


@admin.register(models.Project)
class ProjectAdmin(ReadOnly):
    list_display = ["name", "slug", "outcomes", "created_at", "paused_at", "archived_at"]


@admin.register(models.Membership)
class MembershipAdmin(ReadOnly):
    list_display = ["user", "project", "role", "active"]
    list_filter = ["project", "role", "active"]
    list_select_related = ["user", "project"]


@admin.register(models.Invitation)
class InvitationAdmin(ReadOnly):
    list_display = ["project", "role", "uses_left", "expires_at", "invited_by"]
    list_select_related = ["project", "invited_by"]
    exclude = ["token_hash"]


@admin.register(models.Pair)
class PairAdmin(ReadOnly):
    list_display = ["public_id", "project", "external_id", "audit", "slots_taken", "overlap", "open"]
    list_filter = ["project", "audit", "open"]
    list_select_related = ["project"]
    search_fields = ["external_id"]


@admin.register(models.Assignment)
class AssignmentAdmin(ReadOnly):
    list_display = ["public_id", "project", "annotator", "stream", "leased_at", "lease_ends_at", "closed_as"]
    list_filter = ["project", "stream", "closed_as"]
    list_select_related = ["project", "annotator"]
    exclude = ["pair", "snapshot"]


@admin.register(models.Comparison)
class ComparisonAdmin(ReadOnly):
    list_display = ["public_id", "project", "outcome", "seconds", "surplus", "source", "created_at", "retracted_at"]
    list_filter = ["project", "outcome", "source"]
    list_select_related = ["project"]
    exclude = ["assignment"]


@admin.register(models.Snapshot)
class SnapshotAdmin(ReadOnly):
    list_display = ["number", "project", "n_comparisons", "seconds", "seconds_behind", "device", "created_at"]
    list_filter = ["project"]
    list_select_related = ["project"]
    exclude = ["weights", "full_rank", "style_free", "reference_rewards"]


@admin.register(models.Run)
class RunAdmin(ReadOnly):
    list_display = ["id", "project", "kind", "state", "attempt", "done", "total", "heartbeat_at", "error"]
    list_filter = ["project", "kind", "state"]
    list_select_related = ["project"]


@admin.register(models.Import)
class ImportAdmin(ReadOnly):
    list_display = ["project", "state", "beat_at"]
    list_select_related = ["project"]


@admin.register(models.Pulse)
class PulseAdmin(ReadOnly):
    list_display = ["process", "beat_at"]


@admin.register(models.AuditEvent)
class AuditEventAdmin(ReadOnly):
    list_display = ["at", "actor", "verb", "target"]
    list_select_related = ["actor"]
    search_fields = ["verb", "target"]
