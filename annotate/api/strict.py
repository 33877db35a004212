"""What a client may send: the fields that are named, in the JSON type that they have, and nothing else."""

from collections.abc import Mapping
from functools import cache
from typing import Any

from rest_framework import serializers

JSON_TYPES: tuple[tuple[type[serializers.Field[Any, Any, Any, Any]], str, tuple[type, ...]], ...] = (
    (serializers.BooleanField, "true or false", (bool,)),
    (serializers.IntegerField, "a whole number", (int,)),
    (serializers.FloatField, "a number", (int, float)),
    (serializers.DictField, "an object", (dict,)),
    (serializers.ListField, "a list", (list,)),
    (serializers.Field, "a string", (str,)),
)


class StrictSerializer(serializers.Serializer[Any]):
    """Refuse unknown fields, and never turn "12" into 12 or 12 into "12"."""

    @classmethod
    def read(cls, data: Any) -> dict[str, Any]:
        """Return what was sent, checked; raises ValidationError. One instance reads it all: making one is dear."""
        return dict(_reader(cls).run_validation(data))

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


@cache
def _reader(kind: type[StrictSerializer]) -> StrictSerializer:
    return kind()


def _fits(value: object, types: tuple[type, ...]) -> bool:
    if isinstance(value, bool):
        return bool in types
    if isinstance(value, float) and value.is_integer():  # JSON knows one kind of number
        return int in types or float in types
    return isinstance(value, types)
