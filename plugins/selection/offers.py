"""What stands on a clipboard, in all its forms, as values. Pure."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field

from ingle.sdk.marks import OWN

NOT_DATA = frozenset(
    {
        "DELETE",
        "GTK_TEXT_BUFFER_CONTENTS",
        "INSERT_PROPERTY",
        "INSERT_SELECTION",
        "MULTIPLE",
        "SAVE_TARGETS",
        "TARGETS",
        "TIMESTAMP",
        OWN,
    }
)
"""Questions to the owner and orders to it (ICCCM 2.6), not forms of what it holds; and GTK's address of
something in its own process."""

TEXT = ("UTF8_STRING", "text/plain;charset=utf-8", "STRING")
"""The first that is offered is read; `STRING` is Latin-1 (ICCCM 2.6.2)."""


@dataclass(frozen=True)
class Value:
    """One form: a property's type, its format (8, 16 or 32 bits) and its bytes in memory order."""

    type: str
    format: int
    data: bytes


@dataclass(frozen=True)
class Offer:
    """Everything that an owner offers, by target. Empty: nobody owns the selection."""

    values: Mapping[str, Value] = field(default_factory=dict)


def of_text(text: str) -> Offer:
    """A text in the forms that programs ask for."""
    raw = text.encode("utf-8", "replace")
    values = {
        "UTF8_STRING": Value("UTF8_STRING", 8, raw),
        "text/plain;charset=utf-8": Value("text/plain;charset=utf-8", 8, raw),
        "text/plain": Value("text/plain", 8, raw),
        "TEXT": Value("UTF8_STRING", 8, raw),
    }
    with suppress(UnicodeEncodeError):  # whoever knows Latin-1 only cannot have it then
        values["STRING"] = Value("STRING", 8, text.encode("latin-1"))
    return Offer(values)


def decode(value: Value, target: str) -> str | None:
    """The text, or None when the bytes are not one."""
    try:
        text = value.data.decode("latin-1" if target == "STRING" else "utf-8")
    except UnicodeDecodeError:
        return None
    text = text.removesuffix("\0").replace("\r\n", "\n")
    return None if "\0" in text else text
