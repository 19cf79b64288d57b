"""What stands in a notification: plain text, whatever the text was made of. Pure."""

import unicodedata
from collections.abc import Mapping
from typing import Any
from xml.sax.saxutils import escape

MOST_TITLE = 120
_KEPT = "\n"


def title_of(data: Mapping[str, Any]) -> str:
    return _short(_plain(str(data.get("title") or "Summary")).replace("\n", " "), MOST_TITLE)


def body_of(data: Mapping[str, Any], most: int, has_markup: bool) -> str:
    """The summary, shortened at a word; what was not read is said. Escaped where markup is parsed."""
    body = _short(_plain(str(data.get("text") or "")), most)
    note = _coverage_note(data.get("coverage"))
    whole = f"{body}\n{note}" if note else body
    return escape(whole) if has_markup else whole


def failure_of(data: Mapping[str, Any], has_markup: bool) -> str:
    reason = _short(_plain(str(data.get("reason") or "the reason is not known")), MOST_TITLE * 2)
    return escape(reason) if has_markup else reason


def _coverage_note(coverage: Any) -> str:
    if not isinstance(coverage, Mapping):
        return ""
    read, total = coverage.get("read"), coverage.get("total")
    if not isinstance(read, int) or not isinstance(total, int) or read >= total:
        return ""
    return f"({100 * read // total} % of the text was read)"


def _plain(text: str) -> str:
    """Without control, formatting and bidirectional override characters, which could fake a layout."""
    kept = (char if char in _KEPT or unicodedata.category(char)[0] != "C" else " " for char in text)
    lines = (" ".join(line.split()) for line in "".join(kept).splitlines())
    return "\n".join(line for line in lines if line)


def _short(text: str, most: int) -> str:
    if len(text) <= most:
        return text
    cut = text[: most - 1].rsplit(None, 1)[0] if " " in text[: most - 1] else text[: most - 1]
    return f"{cut} …"
