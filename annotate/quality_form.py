"""The form of a project's questions and of the measures by which its annotators and material are checked."""

from typing import Any

from django import forms

from annotate.models import Project


class LinesField(forms.CharField):
    """A list of texts, one on each line; empty lines count for nothing."""

    widget = forms.Textarea(attrs={"rows": 4})

    def prepare_value(self, value: Any) -> Any:
        return "\n".join(value) if isinstance(value, list) else value

    def to_python(self, value: Any) -> Any:
        return [line.strip() for line in str(value or "").splitlines() if line.strip()]

    def validate(self, value: Any) -> None:
        """Leave the rules to the project."""

    def has_changed(self, initial: Any, data: Any) -> bool:
        return bool(self.to_python(data) != (initial or []))


class QualityForm(forms.ModelForm):
    criteria = LinesField(
        required=False,
        label="Criteria",
        help_text="Asked about each pair before the verdict itself, one on each line, such as: factual. Default: none.",
    )
    leak_phrases = LinesField(
        required=False,
        label="Phrases that name a source",
        help_text="One on each line, as plain words. A change looks through all responses again.",
    )

    class Meta:
        model = Project
        fields = ["criteria", "ranking_size", "gold_share", "training_pairs", "mask_leaks", "leak_phrases"]
        labels = {
            "ranking_size": "Responses ranked at once",
            "gold_share": "Share of gold pairs",
            "training_pairs": "Practice pairs to pass",
            "mask_leaks": "Hide names of sources",
        }
        help_texts = {
            "ranking_size": "3 to 7, for ranking projects. Default 4.",
            "gold_share": "The part of servings whose answer is known; they measure people. Default 0; for rankings 0.",
            "training_pairs": "Gold pairs that each person judges rightly, with feedback, before live work. Default 0.",
            "mask_leaks": "Show annotators [name hidden] for the phrases below; what is stored stays as it is.",
        }
        widgets = {"gold_share": forms.NumberInput(attrs={"min": 0, "max": 1, "step": 0.01})}

    def changes(self) -> dict[str, Any]:
        return {name: self.cleaned_data[name] for name in self.changed_data}
