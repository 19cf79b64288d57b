"""What stands in a notification: plain text, whatever the text was made of. Pure."""

import unicodedata
from collections.abc import Mapping
from typing import Any
from xml.sax.saxutils import escape

from ingle.sdk import Event

from .bubbles import Bubble, Urgency

MOST_TITLE = 120
_KEPT = "\n"
SUMMARY, ENGINE = "summary", "engine"
"""Keys: what has the same takes the place of the one before."""


def bubble_of(event: Event, settings: Mapping[str, Any]) -> Bubble | None:
    """What to tell of an event; None for most of them."""
    match event.topic, event.name:
        case "skill", "summary.ready":
            return _summary(event.data)
        case "skill", "summary.failed" if settings["failures"]:
            title = f"Not summarised: {event.data.get('title') or 'a text'}"
            was_asked = event.data.get("asked") is True  # else nobody waits for it
            return _failure(title, event.data, "not-summarised", "normal" if was_asked else "low")
        case "engine", "state" if settings["failures"] and event.data.get("state") == "failed":
            return _failure("The model does not run", event.data, ENGINE, "normal")
        case "plugin", _ if settings["failures"] and event.data.get("state") == "failed":
            name = str(event.data.get("name"))
            return _failure(f"The plugin {name} has stopped", event.data, f"plugin {name}", "normal")
    return None


def taken_back_by(event: Event) -> str:
    """The key of what is no longer so; empty for most events."""
    match event.topic, event.name, event.data.get("state"):
        case "engine", "state", "ready" | "parked":
            return ENGINE
        case "plugin", _, "running" | "disabled":
            return f"plugin {event.data.get('name')}"
    return ""


def _summary(data: Mapping[str, Any]) -> Bubble:
    return Bubble(
        str(data.get("title") or "Summary"),
        str(data.get("text") or ""),
        SUMMARY,
        result=str(data.get("result") or ""),
        note=_coverage_note(data.get("coverage")),
    )


def _failure(title: str, data: Mapping[str, Any], key: str, urgency: Urgency) -> Bubble:
    return Bubble(title, str(data.get("reason") or "the reason is not known"), key, urgency)


def title_of(title: str) -> str:
    """One line, shortened."""
    return _short(_plain(title).replace("\n", " "), MOST_TITLE) or "Ingle"


def body_of(bubble: Bubble, most: int, has_markup: bool) -> str:
    """The text, shortened at a word, and the note; escaped where markup is parsed."""
    body = _short(_plain(bubble.text), most)
    whole = f"{body}\n{bubble.note}" if bubble.note else body
    return escape(whole) if has_markup else whole


def _coverage_note(coverage: Any) -> str:
    """What was not read is said."""
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
