"""Several responses of a prompt put in order at once; its pairs are lent and judged as assignments and comparisons."""

from datetime import datetime, timedelta
from uuid import uuid4

from django.db import models

from annotate.models.accounts import User
from annotate.models.material import Prompt
from annotate.models.projects import Project


class Ranking(models.Model):
    """A lineup of responses lent to an annotator, and the order they gave it. Ranked once, undone once.

    Its slots, lease and late verdicts are those of its pairs' assignments. `lineup`: ids of responses in the order
    shown. `tiers`: the same ids, best first, equals together; null until it is ranked.
    """

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="rankings")
    prompt = models.ForeignKey(Prompt, on_delete=models.CASCADE, related_name="rankings")
    annotator = models.ForeignKey(User, on_delete=models.PROTECT, related_name="rankings")
    public_id = models.UUIDField(default=uuid4, unique=True, editable=False)
    lineup = models.JSONField()
    tiers = models.JSONField(null=True)
    comment = models.TextField(blank=True)
    client_key = models.UUIDField(unique=True, null=True)
    leased_at = models.DateTimeField()
    ranked_at = models.DateTimeField(null=True)
    retracted_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(name="ranking_of_annotator", fields=["project", "annotator", "-id"])]

    def __str__(self) -> str:
        return f"{len(self.lineup)} responses to {self.prompt} ranked by {self.annotator}"

    @property
    def undo_ends_at(self) -> datetime | None:
        return self.ranked_at and self.ranked_at + timedelta(seconds=self.project.undo_seconds)
