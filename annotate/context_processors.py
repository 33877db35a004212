"""What every page needs to know."""

from functools import cache

from django.http import HttpRequest

from annotate.selectors.liveness import training_paused_since


def training_pause(request: HttpRequest) -> dict[str, object]:
    """Tell signed-in pages since when training has paused, if it has; a fragment that does not ask costs no query."""
    return {"training_paused_since": cache(training_paused_since) if request.user.is_authenticated else None}
