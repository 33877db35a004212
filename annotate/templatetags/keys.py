"""What a control prints and announces about its keys; nothing where it has none."""

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from annotate.keys import printed

register = template.Library()


@register.simple_tag
def shortcut(keys: str) -> SafeString:
    """Return the attribute that makes `keys` press the control, and that a screen reader reads out."""
    return format_html(' aria-keyshortcuts="{}"', keys) if keys else SafeString("")


@register.simple_tag
def cap(keys: str) -> SafeString:
    """Return the first of `keys` as a key cap; it is drawn, and not part of the control's name."""
    return format_html('<kbd aria-hidden="true">{}</kbd>', printed(keys.split()[0])) if keys else SafeString("")
