"""What no log line may hold: the tokens of sign-in links and invitations, which stand in addresses."""

import logging
import re

_TOKEN = re.compile(r"(/(?:link|invite)/)[^\s/?'\"]+")


class WithoutTokens(logging.Filter):
    """Blank the tokens of every line, whoever writes it."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg, record.args = _TOKEN.sub(r"\1...", record.getMessage()), None
        return True
