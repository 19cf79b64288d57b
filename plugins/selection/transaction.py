"""Replacing what is selected, as a transaction: what has to happen, in which order, and back.

It knows no X: `Desk` is what it needs of a display, `desk.py` is that on X11, and the tests have one
that fails at every step. Whatever happens, the clipboard ends up as it was, and where that cannot be
promised it is not touched in the first place.
"""

from dataclasses import dataclass
from typing import Any, Protocol

from .offers import Offer
from .programs import Chord


class NotDone(Exception):
    """Nothing was changed; the text says why, for the person."""


@dataclass(frozen=True)
class Kept:
    """A selection as it was."""

    selection: str
    offer: Offer


class Desk(Protocol):
    """A display, as far as this matters. Everything raises `NotDone` where it cannot."""

    def until_focused(self, place: Any) -> bool:
        """Whether that place has the focus, now or in a moment: a popup may still be closing."""

    def has_selected(self, place: Any, text: str) -> bool:
        """Whether exactly this text is what is selected there."""

    def moment(self) -> int:
        """A mark; `paste` and `press` refuse when any selection has changed hands since."""

    def keep(self, selection: str) -> Kept:
        """Everything that stands on a selection, read before anything is touched."""

    def paste(self, place: Any, chord: Chord, text: str, kept: Kept, moment: int) -> None:
        """Offer `text` to that place only and press the chord there: both or neither."""

    def until_served(self) -> bool:
        """Whether the place has fetched the text."""

    def press(self, place: Any, chord: Chord, moment: int) -> None:
        """Press a chord there, or not at all."""

    def copied(self, place: Any, most: int) -> str | None:
        """What that place puts on the clipboard upon a chord; None when it does not."""

    def put_back(self, kept: Kept) -> None:
        """Have the selection as it was kept, unless somebody else has copied meanwhile."""


MOVED = "another window has the focus"
CHANGED = "something else is selected now"
NOT_TAKEN = "the program did not take the text"


def replace(desk: Desk, place: Any, text: str, chord: Chord, selected: str | None) -> None:
    """Paste `text` at `place`, over `selected` where that is given. Raises `NotDone`."""
    if not desk.until_focused(place):
        raise NotDone(MOVED)
    moment = desk.moment()
    if selected is not None and not desk.has_selected(place, selected):
        raise NotDone(CHANGED)
    kept = desk.keep(chord.selection)
    desk.paste(place, chord, text, kept, moment)
    try:
        was_served = desk.until_served()
    finally:
        desk.put_back(kept)
    if not was_served:
        raise NotDone(NOT_TAKEN)


def copy(desk: Desk, place: Any, chord: Chord, most: int) -> str | None:
    """What is selected at `place`, by having the program copy it; None when it does not.

    The clipboard is as before afterwards. Raises `NotDone`.
    """
    moment = desk.moment()
    kept = desk.keep(chord.selection)
    desk.press(place, chord, moment)
    try:
        return desk.copied(place, most)
    finally:
        desk.put_back(kept)
