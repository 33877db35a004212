"""Lists are narrowed by named conditions alone; a misspelt one is refused, or it would silently give everything."""

from datetime import UTC, datetime
from typing import TypeVar

from django import forms
from django.db.models import Model, QuerySet
from django_filters import rest_framework as filters
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.views import APIView

Row = TypeVar("Row", bound=Model)
PAGING = {"cursor", "page_size"}


class NamedConditions(filters.DjangoFilterBackend):  # type: ignore[misc]
    """Apply the view's filterset, and refuse conditions that it does not name."""

    def filter_queryset(self, request: Request, queryset: QuerySet[Row], view: APIView) -> QuerySet[Row]:
        known = set(self.get_filterset_class(view, queryset).base_filters) | PAGING
        if wrong := [name for name, value in request.query_params.items() if name not in known or not value]:
            raise ValidationError({name: ["There is no such condition, or it is empty."] for name in wrong})
        narrowed: QuerySet[Row] = super().filter_queryset(request, queryset, view)
        return narrowed


class _MomentField(filters.IsoDateTimeFilter.field_class):  # type: ignore[misc,name-defined]
    def to_python(self, value: object) -> datetime | None:
        """Refuse a time that its zone moves out of the calendar: no database takes it."""
        moment: datetime | None = super().to_python(value)
        try:
            return moment and moment.astimezone(UTC)
        except OverflowError:
            raise forms.ValidationError(self.error_messages["invalid"], code="invalid") from None


@extend_schema_field(OpenApiTypes.DATETIME)
class MomentFilter(filters.IsoDateTimeFilter):  # type: ignore[misc]
    """A time in ISO 8601."""

    field_class = _MomentField


@extend_schema_field(OpenApiTypes.BOOL)
class YesNoFilter(filters.TypedChoiceFilter):  # type: ignore[misc]
    """`true` or `false`, and nothing that is taken for neither."""

    def __init__(self, **options: object) -> None:
        choices = [("true", "true"), ("false", "false")]
        super().__init__(choices=choices, coerce=lambda value: value == "true", **options)
