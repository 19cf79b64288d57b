"""Which offers are secret and which are text, decided from the names of the targets alone. Pure."""

from collections.abc import Collection

from ingle.sdk.marks import is_secret

from . import markup
from .backend import NotReadable

HTML = "text/html"
TEXT = ("text/plain;charset=utf-8", "UTF8_STRING", "text/plain", "STRING", HTML)
"""The first that is offered is read. `STRING` is Latin-1 (ICCCM 2.6.2); HTML comes last, as what a
program calls its plain text is nearer to what the person sees."""

FILES = frozenset(
    {
        "text/uri-list",
        "x-special/gnome-copied-files",
        "x-special/mate-copied-files",
        "application/x-kde-cutselection",
    }
)
"""A file manager has copied files; that it offers their names as text, too, makes them no text."""

MOST_CONTROLS = 0.01
"""A text with more control characters than this is something binary that calls itself text."""


def text_target(targets: Collection[str]) -> str:
    """The target to ask for. Raises `NotReadable` for what is not to be read."""
    if is_secret(targets):
        raise NotReadable("it is marked as secret")
    if not FILES.isdisjoint(targets):
        raise NotReadable("files were copied, not a text")
    target = next((name for name in TEXT if name in targets), None)
    if target is None:
        raise NotReadable("no text is offered")
    return target


def decode(raw: bytes, target: str) -> str | None:
    """The text, or None when the bytes are not one."""
    try:
        text = _decoded(raw, target)
    except UnicodeDecodeError:
        return None
    text = text.removesuffix("\0").replace("\r\n", "\n")
    controls = sum(char < " " and char not in "\n\t\r\f" for char in text)
    if "\0" in text or controls > MOST_CONTROLS * len(text):
        return None
    return text


def _decoded(raw: bytes, target: str) -> str:
    if target == HTML:
        return markup.text_of(markup.decode(raw))
    return raw.decode("latin-1" if target == "STRING" else "utf-8")
