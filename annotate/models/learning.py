"""What the trainer writes: embeddings, snapshots of the reward head and studies of them, queue and disagreements."""

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


class SnapshotQuerySet(models.QuerySet["Snapshot"]):
    def released(self) -> "SnapshotQuerySet":
        """Keep what was released and not withdrawn, the newest release first: that one counts."""
        return self.filter(released_at__isnull=False, withdrawn_at=None).order_by("-released_at", "-number")

    def light(self) -> "SnapshotQuerySet":
        """Leave the weights in the database."""
        return self.defer("weights", "full_rank", "style_free", "reference_rewards")


class Snapshot(models.Model):
    """The reward head as it stood at one watermark. Immutable but for its stamps; `weights` are safetensors bytes.

    full_rank: the same head refitted on whole embeddings, where it is the one that a release was decided on.
    style_free: the head of the same labels with style taken out, where a study fitted one; it is added later.
    reference_rewards: fp32, of the project's reference responses in their order, as many as there were.
    """

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="snapshots")
    number = models.PositiveIntegerField()
    watermark = models.CharField(max_length=100)
    config_digest = models.CharField(max_length=64)
    parent = models.ForeignKey("self", null=True, on_delete=models.SET_NULL, related_name="+")
    encoder_key = models.CharField(max_length=64)
    n_comparisons = models.PositiveIntegerField()
    weights = models.BinaryField()
    full_rank = models.BinaryField(null=True)
    digest = models.CharField(max_length=64)
    config = models.JSONField()
    metrics = models.JSONField()
    seconds = models.FloatField()
    seconds_behind = models.FloatField(null=True, help_text="From the newest comparison it saw to its publication.")
    device = models.CharField(max_length=60)
    created_at = models.DateTimeField(auto_now_add=True)
    style_free = models.BinaryField(null=True)
    reference_rewards = models.BinaryField(default=bytes)
    released_at = models.DateTimeField(null=True)
    withdrawn_at = models.DateTimeField(null=True)
    released_style_free = models.BooleanField(default=False)

    objects = SnapshotQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(name="snapshot_number_once", fields=["project", "number"]),
            models.UniqueConstraint(name="snapshot_once", fields=["project", "watermark", "config_digest"]),
            models.CheckConstraint(
                name="snapshot_withdrawn_after_release", condition=Q(withdrawn_at=None) | Q(released_at__isnull=False)
            ),
        ]
        indexes = [
            models.Index(
                name="snapshot_releases", fields=["project", "-released_at"], condition=Q(released_at__isnull=False)
            )
        ]

    def __str__(self) -> str:
        return f"snapshot {self.number} of {self.project}"

    @property
    def tried(self) -> bytes:
        """Return the head that its trial was held with, which is the one that is released and taken away."""
        return bytes(self.full_rank or self.weights)


class ReferenceResponse(models.Model):
    """One of the responses on which a project's heads are compared. The set grows up to 256 and then is fixed."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="reference")
    position = models.PositiveSmallIntegerField()
    response = models.OneToOneField(Response, on_delete=models.CASCADE, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint(name="reference_position_once", fields=["project", "position"])]

    def __str__(self) -> str:
        return f"{self.position}: response {self.response_id}"


class Study(models.Model):
    """What is costly to know of people and of a head; made anew when the labels have grown by a tenth.

    `findings` are those of trainer.study.Findings, under their names.
    """

    project = models.OneToOneField(Project, on_delete=models.CASCADE, related_name="study")
    snapshot = models.ForeignKey(Snapshot, on_delete=models.CASCADE, related_name="+")
    findings = models.JSONField()
    seconds = models.FloatField()
    made_at = models.DateTimeField(auto_now=True)

    class Meta:
        verbose_name_plural = "studies"

    def __str__(self) -> str:
        return f"study of {self.snapshot}"


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
    """A comparison that the head, fitted without it, did not expect.

    control: a comparison of another pair that the head was as sure of, and that people made as it expected.
    """

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
    influences = models.JSONField(default=list, help_text="[comparison id, logits] of the labels that moved it most.")
    control = models.ForeignKey(Comparison, null=True, on_delete=models.CASCADE, related_name="+")
    control_p_left_out = models.FloatField(null=True)

    class Meta:
        indexes = [models.Index(name="disagreement_order", fields=["project", "-surprise"])]

    def __str__(self) -> str:
        return f"{self.surprise:.2f} nats on {self.comparison}"
