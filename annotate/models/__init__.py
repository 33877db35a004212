"""All rows, by subject. The invariants are stated as constraints of the database; rules live in services."""

from annotate.models.accounts import ApiToken, AuditEvent, SignInLink, User
from annotate.models.judging import AskedAgain, Assignment, Comparison, ComparisonEvent, Flag, FlagQuerySet
from annotate.models.learning import Disagreement, Embedding, QueuedPair, ReferenceResponse, Snapshot, Study
from annotate.models.material import Pair, Prompt, Response
from annotate.models.projects import AskedBefore, GuidelineVersion, Invitation, Membership, Project
from annotate.models.ranking import Ranking
from annotate.models.vocabulary import KeyPreset, Outcome, Role, Stream
from annotate.models.work import Import, Pulse, Run

__all__ = [
    "ApiToken",
    "AskedAgain",
    "AskedBefore",
    "Assignment",
    "AuditEvent",
    "Comparison",
    "ComparisonEvent",
    "Disagreement",
    "Embedding",
    "Flag",
    "FlagQuerySet",
    "GuidelineVersion",
    "Import",
    "Invitation",
    "KeyPreset",
    "Membership",
    "Outcome",
    "Pair",
    "Project",
    "Prompt",
    "Pulse",
    "QueuedPair",
    "Ranking",
    "ReferenceResponse",
    "Response",
    "Role",
    "Run",
    "SignInLink",
    "Snapshot",
    "Stream",
    "Study",
    "User",
]
