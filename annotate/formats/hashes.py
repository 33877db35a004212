"""Digests by which prompts and responses are recognised: SHA-256 over NFC, so that NFD copies count as the same."""

import hashlib
import json
import unicodedata
from collections.abc import Sequence

from annotate.formats.rows import ImportedPrompt, Message


def text_hash(text: str) -> str:
    """Return 64 hex digits that equal texts share, whatever their Unicode form."""
    return hashlib.sha256(_nfc(text).encode()).hexdigest()


def messages_hash(messages: Sequence[Message]) -> str:
    """Return 64 hex digits that equal conversations share; role, order and content count."""
    parts = [[message.role, _nfc(message.content)] for message in messages]
    return hashlib.sha256(json.dumps(parts, ensure_ascii=False).encode()).hexdigest()


def content_digest(row: ImportedPrompt) -> bytes:
    """Return 16 bytes that rows share when they hold the same prompt and responses, in whatever order."""
    responses = sorted([text_hash(response.text), response.source] for response in row.responses)
    parts = json.dumps([messages_hash(row.messages), responses], ensure_ascii=False)
    return hashlib.blake2b(parts.encode(), digest_size=16).digest()


def _nfc(text: str) -> str:
    return unicodedata.normalize("NFC", text)
