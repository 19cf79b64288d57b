"""What the popup says, from values. Pure."""

import re
from collections.abc import Mapping
from typing import Any

from ingle.sdk import naming

PREVIEW_CHARS = 280
SOURCES = {
    "primary": "Selected text",
    "copied": "Selected text",
    "clipboard": "From the clipboard",
    "given": "Given text",
}
_CODE = re.compile(r"`([^`]+)`")


def title_of_source(kind: str, program: str) -> str:
    """Such as "Selected in Mousepad"."""
    if program and kind in ("primary", "copied"):
        return f"Selected in {program}"
    return SOURCES.get(kind, "Text")


def size_of(text: str) -> str:
    words = len(text.split())
    if words > 1:
        return f"{words:,} words"
    return f"{len(text):,} characters" if len(text) != 1 else "1 character"


def preview(text: str) -> str:
    """The beginning, in one line."""
    line = " ".join(text[: 4 * PREVIEW_CHARS].split())
    return line if len(line) <= PREVIEW_CHARS else line[:PREVIEW_CHARS].rstrip() + "…"


def coverage(read: int, total: int) -> str:
    """What was read of the text. Nothing is cut silently."""
    if total <= 0:
        return ""
    if read >= total:
        return f"all {total:,} characters read"
    return f"only {100 * read // total} % of {total:,} characters read"


def reading(text: str, read: int, total: int) -> str:
    """The same while it is being read; it need not be known yet."""
    if read < total:
        return f"Reading {100 * read // total} % of {total:,} characters …"
    return f"Reading {size_of(text)} …"


def pace(tokens: int, decode_ms: float) -> str:
    """Tokens per second; empty where nothing was written."""
    if tokens < 2 or decode_ms <= 0:
        return ""
    return f"{tokens / decode_ms * 1000:.0f} tok/s"


def about(tokens_per_s: float) -> str:
    """While it still runs, from the characters that came."""
    return f"about {tokens_per_s:.0f} tok/s"


def joined(*parts: str) -> str:
    return "  ·  ".join(part for part in parts if part)


def figures(result: Mapping[str, Any]) -> str:
    """One line under a finished answer."""
    usage, timing = result.get("usage") or {}, result.get("timing") or {}
    read = result.get("coverage") or {}
    how = "quoted, not written" if result.get("strategy") in ("extractive", "scoring") else ""
    return joined(
        pace(usage.get("output_tokens", 0), timing.get("decode_ms", 0.0)),
        coverage(read.get("read", 0), read.get("total", 0)),
        how,
        naming.model(str(result.get("model") or "")),
    )


def plainly(text: str) -> str:
    """A message of the daemon as a sentence: no backquotes, a capital, a full stop."""
    text = _CODE.sub(r"\1", text).strip()
    if not text:
        return ""
    text = text[0].upper() + text[1:]
    return text if text[-1] in ".!?…" else text + "."
