"""What pages may send: shapes and bounds. Rules live in services."""

from typing import Any
from uuid import UUID

from django import forms
from django.db.models import TextChoices

from annotate.models import ApiToken, Project, Role, User
from annotate.services.asking_again import MOST_AT_ONCE
from annotate.services.errors import InvalidInput


class SkipReason(TextChoices):
    """Why an annotator cannot judge a pair, in the order of their keys."""

    NO_EXPERTISE = "no_expertise", "I don't know enough about it"
    UNCLEAR_PROMPT = "unclear_prompt", "The prompt makes no sense"
    BROKEN_RESPONSE = "broken_response", "A response is broken or cut off"
    UPSETTING = "upsetting", "I would rather not read this"
    OTHER = "other", "Something else"


class SkipForm(forms.Form):
    assignment = forms.UUIDField()
    skip = forms.ChoiceField(choices=SkipReason.choices)


class UndoForm(forms.Form):
    """An undo of the verdict with this id, or with the key that its browser sent it under."""

    undo = forms.UUIDField()


class FlagForm(forms.Form):
    assignment = forms.UUIDField()
    flag = forms.ChoiceField(choices=[("on", "On"), ("off", "Off")])


class SearchForm(forms.Form):
    q = forms.CharField(
        max_length=200,
        required=False,
        widget=forms.TextInput(attrs={"type": "search", "aria-label": "Search what you judged"}),
    )


class JoinForm(forms.Form):
    username = forms.CharField(
        max_length=150,
        label="Choose a user name",
        help_text="Letters, digits and @ . + - _",
        widget=forms.TextInput(attrs={"autocomplete": "username", "autofocus": True}),
    )


class TokenForm(forms.Form):
    name = forms.CharField(max_length=100, required=False, label="What it is for")
    scope = forms.ChoiceField(choices=ApiToken.Scope.choices, label="What it may do")


class RevokeForm(forms.Form):
    revoke = forms.CharField()


class BrowserForm(forms.Form):
    """Choices that belong to this browser and live in its cookies."""

    theme = forms.ChoiceField(choices=[("auto", "As the system"), ("light", "Light"), ("dark", "Dark")])


class KeysForm(forms.ModelForm):
    class Meta:
        model = User
        fields = ["key_preset"]
        labels = {"key_preset": "Keys for verdicts"}
        help_texts = {
            "key_preset": "On the compare screen ? shows all keys. Without single keys every button is still there."
        }


class InvitationForm(forms.Form):
    role = forms.ChoiceField(choices=Role.choices)
    uses = forms.IntegerField(min_value=1, max_value=1000, initial=1, label="For how many people")


class WithdrawForm(forms.Form):
    withdraw = forms.CharField()


class MemberForm(forms.Form):
    member = forms.UUIDField()


class RoleForm(MemberForm):
    role = forms.ChoiceField(choices=Role.choices)


class ReleaseForm(forms.Form):
    """The number of the snapshot to release, or of the one to roll back."""

    release = forms.IntegerField(min_value=1, max_value=10**8, required=False)
    roll_back = forms.IntegerField(min_value=1, max_value=10**8, required=False)
    style_free = forms.BooleanField(required=False)


class UUIDs(forms.Field):
    """Any number of ids."""

    widget = forms.MultipleHiddenInput

    def to_python(self, value: list[str] | None) -> list[UUID]:
        return [forms.UUIDField().clean(one) for one in value or []]


class AskAgainForm(forms.Form):
    """Which disagreements to ask again about: the `top` most surprising, or those that were marked."""

    ask = forms.ChoiceField(choices=[("top", "The most surprising"), ("marked", "Those marked")])
    top = forms.IntegerField(min_value=1, max_value=MOST_AT_ONCE, required=False)
    comparison = UUIDs(required=False)


class NewProjectForm(forms.Form):
    name = forms.CharField(max_length=120)
    slug = forms.SlugField(
        max_length=60, label="Short name", help_text="Part of its addresses: small letters, digits and hyphens."
    )
    outcomes = forms.ChoiceField(choices=Project.Outcomes.choices, label="What annotators may answer")


class SettingsForm(forms.ModelForm):
    class Meta:
        model = Project
        fields = [
            "name",
            "guidelines",
            "outcomes",
            "overlap",
            "audit_overlap",
            "audit_share",
            "repeat_share",
            "repeat_after",
            "strategy",
            "release_automatically",
            "style_effects",
            "seconds_between_trainings",
            "lease_seconds",
            "undo_seconds",
        ]
        labels = {
            "outcomes": "What annotators may answer",
            "overlap": "People per learn pair",
            "audit_overlap": "People per audit pair",
            "audit_share": "Share of audit pairs",
            "repeat_share": "Share of repeats",
            "repeat_after": "Comparisons before repeats begin",
            "strategy": "How the next pair is chosen",
            "release_automatically": "Release automatically",
            "style_effects": "Look for effects of style",
            "seconds_between_trainings": "Seconds between trainings",
            "lease_seconds": "Lease in seconds",
            "undo_seconds": "Undo window in seconds",
        }
        help_texts = {
            "guidelines": "Shown to annotators, as Markdown. A change makes a new guideline version.",
            "outcomes": "Default: A, B, tie or both bad.",
            "overlap": "How many people judge each pair the model asks for. Default 1; for pairs made from now on.",
            "audit_overlap": "How many people judge each random audit pair. Default 2; for pairs made from now on.",
            "audit_share": "The part of servings that are random pairs: honest numbers rest on them. Default 0.2.",
            "repeat_share": "The part of servings that ask a person again, sides swapped. Default 0.1; for rankings 0.",
            "repeat_after": "Repeats cost labels while there are few. Default 1000.",
            "strategy": "What learn pairs are chosen for; audit pairs are always random. Default: V-optimal.",
            "release_automatically": "Release what holds every condition at 100, 200, 400 ... fresh audit verdicts, "
            "roll back what proves worse. Otherwise admins do both on the snapshots page.",
            "style_effects": "Measure how length, headers, lists and bold text sway people; fit a head without them.",
            "seconds_between_trainings": "0 trains after every verdict, as fast as the worker can.",
            "lease_seconds": "How long a pair is kept for the person who sees it. Default 900.",
            "undo_seconds": "How long people may take a verdict back. Default 600.",
        }
        widgets = {
            "guidelines": forms.Textarea(attrs={"rows": 8}),
            "audit_share": forms.NumberInput(attrs={"min": 0, "max": 1, "step": 0.01}),
            "repeat_share": forms.NumberInput(attrs={"min": 0, "max": 1, "step": 0.01}),
        }

    def changes(self) -> dict[str, Any]:
        return {name: self.cleaned_data[name] for name in self.changed_data}


def checked(form: forms.Form) -> dict[str, Any]:
    """Return the form's values. Raises InvalidInput for what this site's own pages never send."""
    if not form.is_valid():
        raise InvalidInput("The page sent something that cannot be read. Reload it and try again.")
    return form.cleaned_data
