"""The form by which a project's encoder is chosen. Rules live in annotate/services/encoders.py."""

import re
from typing import Any

from django import forms

from annotate.models import Project
from annotate.selectors.encoders import available_encoders
from annotate.services.encoders import DTYPES, MOST_TOKENS, POOLINGS, TEXTS, TRUNCATIONS, EncoderSettings


class LayersField(forms.CharField):
    """Whole numbers separated by commas; none of them means all layers."""

    def prepare_value(self, value: Any) -> Any:
        return ", ".join(map(str, value)) if isinstance(value, list | tuple) else value

    def to_python(self, value: Any) -> Any:
        numbers = [part for part in re.split(r"[,\s]+", str(value or "")) if part]
        if not all(re.fullmatch(r"-?\d{1,4}", number) for number in numbers):
            raise forms.ValidationError("Write numbers separated by commas, such as 0, 6 or -1.")
        return tuple(map(int, numbers))

    def validate(self, value: Any) -> None:
        """Accept any tuple: what it may hold depends on the model."""


class EncoderForm(forms.Form):
    model = forms.ChoiceField(
        required=False, label="Model", help_text="The packaged one, or a folder in ENCODERS_DIR on the server."
    )
    layers = LayersField(
        required=False,
        label="Layers",
        help_text="Empty takes all: best for the packaged model. 0 is the token embedding, -1 the last.",
    )
    texts = forms.MultipleChoiceField(
        choices=list(TEXTS.items()),
        widget=forms.CheckboxSelectMultiple,
        label="Texts",
        help_text="Side by side; each costs a pass.",
    )
    pooling = forms.ChoiceField(choices=list(POOLINGS.items()), label="Pooling", help_text="Default: mean.")
    max_tokens = forms.IntegerField(
        min_value=8,
        max_value=MOST_TOKENS,
        label="Tokens of a text",
        help_text="Default 512; no more than the model has.",
    )
    prompt_tokens = forms.IntegerField(
        min_value=0, max_value=MOST_TOKENS, label="Of them the prompt's last", help_text="Default 160."
    )
    truncation = forms.ChoiceField(choices=list(TRUNCATIONS.items()), label="What is cut off")
    chat_template = forms.BooleanField(
        required=False, label="Chat template", help_text="Write prompt and response by the tokenizer's own template."
    )
    dtype = forms.ChoiceField(choices=list(DTYPES.items()), label="Precision")

    def __init__(self, data: Any = None, *, project: Project) -> None:
        chosen = EncoderSettings(**(project.encoder if project.next_encoder is None else project.next_encoder))
        super().__init__(data, initial=chosen.as_json(), prefix="encoder")
        names = sorted({*available_encoders(), *filter(None, [chosen.model])})
        packaged = ("", "all-MiniLM-L6-v2 (packaged)")
        self.fields["model"].choices = [packaged, *((name, name) for name in names)]

    def settings(self) -> EncoderSettings:
        """Return what was sent; call it once the form is valid."""
        return EncoderSettings(**{**self.cleaned_data, "texts": tuple(self.cleaned_data["texts"])})
