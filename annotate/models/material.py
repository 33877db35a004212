"""What is judged: prompts, responses, and the pairs of responses that people are asked about."""

from uuid import uuid4

from django.db import models
from django.db.models import F, Q

from annotate.models.projects import Project
from annotate.models.vocabulary import Outcome


class Prompt(models.Model):
    """What a person asked, as messages [{role, content}]; the last one is the turn to respond to."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="prompts")
    public_id = models.UUIDField(default=uuid4, unique=True, editable=False)
    external_id = models.CharField(max_length=200, blank=True)
    external_key = models.CharField(max_length=400, blank=True)
    messages = models.JSONField()
    text_hash = models.CharField(max_length=64)
    tags = models.JSONField(default=list)
    metadata = models.JSONField(default=dict)

    class Meta:
        constraints = [
            models.UniqueConstraint(name="prompt_once", fields=["project", "text_hash"]),
            models.UniqueConstraint(
                name="prompt_external_key_once", fields=["project", "external_key"], condition=~Q(external_key="")
            ),
        ]

    def __str__(self) -> str:
        return str(self.messages[-1]["content"])[:80]


class Response(models.Model):
    """One system's answer to a prompt."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="responses")
    prompt = models.ForeignKey(Prompt, on_delete=models.CASCADE, related_name="responses")
    public_id = models.UUIDField(default=uuid4, unique=True, editable=False)
    text = models.TextField(blank=True)
    source = models.CharField(max_length=200, blank=True)
    text_hash = models.CharField(max_length=64)
    leak = models.CharField(max_length=100, blank=True, help_text="The first phrase by which it names its source.")

    class Meta:
        constraints = [models.UniqueConstraint(name="response_once", fields=["prompt", "text_hash", "source"])]
        indexes = [models.Index(name="response_leaks", fields=["project", "id"], condition=~Q(leak=""))]

    def __str__(self) -> str:
        return self.text[:80] or "(empty response)"


class PairQuerySet(models.QuerySet["Pair"]):
    def assignable(self) -> "PairQuerySet":
        """Keep the pairs that can be lent to somebody now."""
        return self.filter(open=True, slots_taken__lt=F("overlap"))


class Pair(models.Model):
    """Two responses of one prompt, first_id < second_id.

    `external_key` is what every spelling of the file's id shares (case, Unicode form, outer space).
    `shuffle` is a seeded hash of the pair's identity: its order is a fixed random order of the project's pairs, and the
    pairs below the audit share are the audit pairs.
    """

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="pairs")
    prompt = models.ForeignKey(Prompt, on_delete=models.CASCADE, related_name="pairs")
    public_id = models.UUIDField(default=uuid4, unique=True, editable=False)
    external_id = models.CharField(max_length=200, blank=True)
    external_key = models.CharField(max_length=400, blank=True)
    first = models.ForeignKey(Response, on_delete=models.CASCADE, related_name="+")
    second = models.ForeignKey(Response, on_delete=models.CASCADE, related_name="+")
    shuffle = models.BigIntegerField()
    audit = models.BooleanField()
    overlap = models.PositiveSmallIntegerField()
    slots_taken = models.PositiveSmallIntegerField(default=0)
    open = models.BooleanField(default=True)
    gold_outcome = models.CharField(max_length=10, choices=Outcome, blank=True, help_text="The known answer, if any.")
    gold_note = models.TextField(blank=True, help_text="Why it is the answer; shown in the training round alone.")
    metadata = models.JSONField(default=dict)

    objects = PairQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(name="pair_once", fields=["first", "second"]),
            models.UniqueConstraint(
                name="pair_external_key_once",
                fields=["project", "external_key"],
                condition=~Q(external_key=""),
            ),
            models.CheckConstraint(name="pair_stored_order", condition=Q(first__lt=F("second"))),
            models.CheckConstraint(
                name="pair_slots_within_overlap",
                condition=Q(slots_taken__gte=0, slots_taken__lte=F("overlap")),
            ),
            models.CheckConstraint(
                name="pair_gold_is_never_lent_for_a_slot", condition=Q(gold_outcome="") | Q(open=False)
            ),
            models.CheckConstraint(name="pair_gold_outcome", condition=Q(gold_outcome__in=["", *Outcome.values])),
        ]
        indexes = [
            models.Index(name="pair_gold", fields=["project", "shuffle"], condition=~Q(gold_outcome="")),
            # SQLite seeks by a flag only where the index is of the rows that have it.
            models.Index(
                name="pair_learn_order",
                fields=["project", "shuffle"],
                condition=Q(audit=False, open=True, slots_taken__lt=F("overlap")),
            ),
            models.Index(
                name="pair_audit_order",
                fields=["project", "shuffle"],
                condition=Q(audit=True, open=True, slots_taken__lt=F("overlap")),
            ),
        ]

    def __str__(self) -> str:
        return self.external_id or str(self.public_id)
