"""What a desktop offers a clipboard plugin, whatever it speaks: X11 (`x11`) or Wayland (`wayland`)."""

import asyncio
from typing import Protocol

ANSWER_S = 1.0
"""For an owner to answer, and between two pieces of a long answer."""
TRANSFER_S = 5.0
"""For a whole text, however many pieces it comes in."""
LARGEST_COPY = 4_000_000
"""Bytes of UTF-8 that are put on a clipboard; no answer or summary comes near it."""


class ServerGone(Exception):
    """The display has closed the connection, or was never there."""


class NotReadable(Exception):
    """This offer is not read; the text says why, without a word of what was copied."""


class Backend(Protocol):
    """One connection to a display. `on_owner` is called with "CLIPBOARD" or "PRIMARY" when another
    program has taken that selection; what was there before stays unread."""

    gone: asyncio.Event
    """Set when the connection has ended."""

    async def targets(self, selection: str) -> list[str]:
        """What the owner offers; empty without an owner. Raises `NotReadable` and `ServerGone`."""

    async def read(self, selection: str, target: str, most: int) -> bytes:
        """The bytes of one target, `most` at the most. Raises `NotReadable` and `ServerGone`."""

    def copy(self, text: str) -> None:
        """Own the clipboard with `text`, `OWN` beside it. Raises `NotReadable` and `ServerGone`."""
