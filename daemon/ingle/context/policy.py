"""What may enter the context at all: a gate that runs before anything is remembered.

Pure functions over texts. Password managers' hints are honoured before this, where the
clipboard is read; here stands what can be seen from a text alone.
"""

import re
import unicodedata
from pathlib import PurePath

SECRETS: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("a private key", re.compile(r"-----BEGIN [A-Z0-9 ]*PRIVATE KEY( BLOCK)?-----")),
    ("an AWS key", re.compile(r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b")),
    ("a GitHub token", re.compile(r"\b(?:gh[pousr]_[A-Za-z0-9]{36,}|github_pat_[A-Za-z0-9_]{60,})\b")),
    ("a GitLab token", re.compile(r"\bglpat-[A-Za-z0-9_-]{20,}\b")),
    ("a Slack token", re.compile(r"\bxox[abprs]-[A-Za-z0-9-]{10,}\b")),
    ("an API key", re.compile(r"\bsk-(?:ant-|proj-)?[A-Za-z0-9_-]{32,}\b")),
    ("a web token", re.compile(r"\beyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}\b")),
)
"""Published formats only: a guess at "looks random" would refuse people's own texts."""

MAX_CONTROL_SHARE = 0.02
"""Text has newlines and tabs; a file with more other control characters than that is binary."""


def refusal(text: str, max_bytes: int) -> str | None:
    """Why `text` may not enter, in words for a person; None when it may."""
    if not text.strip():
        return "it is empty"
    if len(text) > max_bytes or len(text.encode("utf-8", "surrogatepass")) > max_bytes:
        return f"it is over {max_bytes / 1_048_576:.1f} MiB (context.max_item_bytes)"
    if looks_binary(text):
        return "it is not text"
    for what, pattern in SECRETS:
        if pattern.search(text):
            return f"it seems to hold {what}"
    return None


def looks_binary(text: str) -> bool:
    """Whether a decoded text is no text: a NUL, or many control or undecodable characters."""
    if "\0" in text:
        return True
    sample = text[:65536]
    strange = sum(
        unicodedata.category(char) in ("Cc", "Cs") and char not in "\n\r\t\f\v" for char in sample
    )
    strange += sample.count("\ufffd")
    return strange > MAX_CONTROL_SHARE * len(sample)


def title_of(text: str, path: str | None = None) -> str:
    """A name for an item that came without one: its file's, or its first line's beginning."""
    if path:
        return PurePath(path).name
    line = next((line.strip() for line in text.splitlines() if line.strip()), "")
    return line if len(line) <= 60 else line[:57].rstrip() + "..."
