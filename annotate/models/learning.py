"""What the trainer writes: embeddings, snapshots of the reward head, the queue, and the disagreements."""

from django.db import models
from django.db.models import Q

from annotate.models.judging import Comparison
from annotate.models.material import Pair, Response
from annotate.models.projects import Project


class Embedding(models.Model):
    """A response's vector under one encoder key: fp16 numbers, little endian."""

    response = models.ForeignKey(Response, on_delete=models.CASCADE, related_name="embeddings")
    encoder_key = models.CharField(max_length=64)
    vector = models.BinaryField()

    class Meta:
        constraints = [models.UniqueConstraint(name="embedding_once", fields=["response", "encoder_key"])]

    def __str__(self) -> str:
        return f"{self.encoder_key} of response {self.response_id}"


class Snapshot(models.Model):
    """The reward head as it stood at one watermark. Immutable; `weights` are safetensors bytes."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="snapshots")
    number = models.PositiveIntegerField()
    watermark = models.CharField(max_length=100)
    config_digest = models.CharField(max_length=64)
    parent = models.ForeignKey("self", null=True, on_delete=models.SET_NULL, related_name="+")
    encoder_key = models.CharField(max_length=64)
    n_comparisons = models.PositiveIntegerField()
    weights = models.BinaryField()
    digest = models.CharField(max_length=64)
    config = models.JSONField()
    metrics = models.JSONField()
    seconds = models.FloatField()
    seconds_behind = models.FloatField(null=True, help_text="From the newest comparison it saw to its publication.")
    device = models.CharField(max_length=60)
    created_at = models.DateTimeField(auto_now_add=True)
    released_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(name="snapshot_number_once", fields=["project", "number"]),
            models.UniqueConstraint(name="snapshot_once", fields=["project", "watermark", "config_digest"]),
        ]

    def __str__(self) -> str:
        return f"snapshot {self.number} of {self.project}"


class QueuedPair(models.Model):
    """A pair worth asking about next, with what the live head thought of it when it was queued."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="queue")
    pair = models.OneToOneField(Pair, on_delete=models.CASCADE, related_name="queued")
    position = models.PositiveIntegerField()
    information = models.FloatField(null=True)
    p_first = models.FloatField()
    propensity = models.FloatField(null=True, help_text="P(this pair was queued), where the strategy draws at random.")
    snapshot = models.ForeignKey(Snapshot, on_delete=models.CASCADE, related_name="queue")

    class Meta:
        ordering = ["position"]
        constraints = [models.CheckConstraint(name="queued_p_first", condition=Q(p_first__gte=0, p_first__lte=1))]
        indexes = [models.Index(name="queue_order", fields=["project", "position"])]

    def __str__(self) -> str:
        return f"{self.position}: {self.pair}"


class Disagreement(models.Model):
    """A comparison that the head, fitted without it, did not expect."""

    class Badge(models.TextChoices):
        LIKELY_SLIP = "likely_slip", "Likely slip"
        CONTESTED = "contested", "Contested"
        BLIND_SPOT = "blind_spot", "Blind spot"
        NONE = "", "-"

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="disagreements")
    comparison = models.OneToOneField(Comparison, on_delete=models.CASCADE, related_name="disagreement")
    snapshot = models.ForeignKey(Snapshot, on_delete=models.CASCADE, related_name="disagreements")
    p_left_out = models.FloatField(help_text="P(first preferred) by the head fitted without this comparison.")
    surprise = models.FloatField(help_text="-log P(what was chosen), nats.")
    badge = models.CharField(max_length=12, choices=Badge, blank=True)

    class Meta:
        indexes = [models.Index(name="disagreement_order", fields=["project", "-surprise"])]

    def __str__(self) -> str:
        return f"{self.surprise:.2f} nats on {self.comparison}"
