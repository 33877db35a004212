"""What a client may send: the fields that are named, in the JSON type that they have, and nothing else."""

from collections.abc import Mapping
from typing import Any

from rest_framework import serializers

JSON_TYPES: tuple[tuple[type[serializers.Field[Any, Any, Any, Any]], str, tuple[type, ...]], ...] = (
    (serializers.BooleanField, "true or false", (bool,)),
    (serializers.IntegerField, "a whole number", (int,)),
    (serializers.FloatField, "a number", (int, float)),
    (serializers.Field, "a string", (str,)),
)


class StrictSerializer(serializers.Serializer[Any]):
    """Refuse unknown fields, and never turn "12" into 12 or 12 into "12"."""

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, Mapping):
            reasons = {name: self._refusal(name, value) for name, value in data.items()}
            if wrong := {name: [reason] for name, reason in reasons.items() if reason}:
                raise serializers.ValidationError(wrong)
        return super().to_internal_value(data)

    def _refusal(self, name: str, value: object) -> str | None:
        field = self.fields.get(name)
        if field is None or field.read_only:
            return "There is no such field to set."
        wanted, types = next((wanted, types) for kind, wanted, types in JSON_TYPES if isinstance(field, kind))
        return None if value is None or _fits(value, types) else f"This must be {wanted}."


def _fits(value: object, types: tuple[type, ...]) -> bool:
    if isinstance(value, bool):
        return bool in types
    if isinstance(value, float) and value.is_integer():  # JSON knows one kind of number
        return int in types or float in types
    return isinstance(value, types)
