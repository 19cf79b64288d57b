"""A text made to fit where it goes: the white space of what it replaces, nothing that acts. Pure."""

import re

_ACTS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
"""Control characters but tab and line feed: in a terminal an escape could end a bracketed paste."""


def fitted(text: str, original: str) -> str:
    """`text` with the white space that stands around `original`, so that only the words change."""
    clean = _ACTS.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))
    core = original.strip()
    if not core:
        return clean.strip()
    start = original.index(core)
    return original[:start] + clean.strip() + original[start + len(core) :]


def for_terminal(text: str) -> str | None:
    """One line without its end; None for several, since a shell would run them."""
    line = text.strip()
    return None if "\n" in line else line
