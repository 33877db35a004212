"""The closed vocabularies that several rows share (docs/glossary.md)."""

from django.db.models import TextChoices


class Role(TextChoices):
    """What a person may do in one project; each role may also do what the ones before it may."""

    ANNOTATOR = "annotator"
    RESEARCHER = "researcher"
    ADMIN = "admin"

    @property
    def includes(self) -> tuple["Role", ...]:
        """Return the roles whose rights this role has, its own among them."""
        ranked = tuple(Role)
        return ranked[: ranked.index(self) + 1]


class Outcome(TextChoices):
    """An annotator's verdict on a pair, in stored order."""

    FIRST = "first"
    SECOND = "second"
    TIE = "tie"
    BOTH_BAD = "both_bad", "Both bad"


class Stream(TextChoices):
    """Why a pair was asked about; it decides which numbers the comparison may enter."""

    LEARN = "learn"
    AUDIT = "audit"
    REPEAT = "repeat"
    GOLD = "gold"
    TRAINING = "training"
    AGAIN = "again", "Asked again"
    IMPORT = "import"

    @classmethod
    def with_slots(cls) -> tuple["Stream", ...]:
        """Return the streams whose assignments take one of the pair's slots."""
        return (cls.LEARN, cls.AUDIT)

    @classmethod
    def for_anybody(cls) -> tuple["Stream", ...]:
        """Return the streams of pairs that wait for whoever has not seen them, as often as their slots allow."""
        return (*cls.with_slots(), cls.AGAIN)

    @classmethod
    def with_known_answer(cls) -> tuple["Stream", ...]:
        """Return the streams that measure people: no head learns from them, and no headline number counts them."""
        return (cls.GOLD, cls.TRAINING)


class KeyPreset(TextChoices):
    """Which keys stand for the verdicts (annotate/keys.py says which); a person chooses one in their account."""

    NUMBERS = "numbers", "1, 2 and 0"
    ARROWS = "arrows", "Arrow keys"
    LETTERS = "letters", "A, B and E"
    OFF = "off", "No single keys"
