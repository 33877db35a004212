"""How values look on a page: rendered texts, ages, shares."""

from datetime import datetime

from django import template
from django.utils import timezone
from django.utils.safestring import SafeString, mark_safe

from annotate.render import count_invisible, render_markdown_cached

register = template.Library()

_UNITS = ((86_400, "day"), (3_600, "h"), (60, "min"), (1, "s"))


@register.filter
def markdown(text: str) -> SafeString:
    """Render an untrusted text; what comes back holds only what annotate.render lets through."""
    return mark_safe(render_markdown_cached(text))  # noqa: S308


@register.filter
def n_invisible(text: str) -> int:
    """Return how many characters of the text can be there without being seen."""
    return count_invisible(text)


@register.filter
def ago(moment: datetime) -> str:
    """Return how long ago it was, in its largest unit."""
    return f"{span((timezone.now() - moment).total_seconds())} ago"


@register.filter
def span(seconds: float) -> str:
    """Return a number of seconds in the largest unit that it fills."""
    whole = max(0, int(seconds))
    size, unit = next(((size, unit) for size, unit in _UNITS if whole >= size), (1, "s"))
    n = whole // size
    return f"{n} {unit}{'s' if unit == 'day' and n != 1 else ''}"


@register.filter
def percent(share: float | None) -> str:
    """Return a share of 1 as per cent with one digit behind the point."""
    return "-" if share is None else f"{100 * share:.1f} %"


@register.filter
def signed(number: float, digits: int) -> str:
    """Return a number with its sign and so many digits behind the point."""
    return f"{number:+.{digits}f}"


@register.filter
def points(share: float) -> str:
    """Return a difference of shares in points, with its sign."""
    return f"{100 * share:+.1f}"


@register.filter
def whole_percent(share: float) -> str:
    return f"{100 * share:.0f} %"
