"""What the person means: the selection, else what the program copies, else the clipboard."""

from dataclasses import dataclass
from typing import Any, Literal

from . import programs, pty
from .desk import XDesk
from .reading import NotReadable, Secret
from .transaction import NotDone, copy
from .windows import Place

Source = Literal["primary", "copied", "clipboard", "none"]

NOWHERE = "no window has the focus"


@dataclass(frozen=True)
class Taken:
    """A text and where it came from. `why_not`: why it cannot be replaced there."""

    source: Source
    text: str
    place: Any
    """The backend's own word for where: `windows.Place` or `compositor.Spot`; None for nowhere."""
    why_not: str | None = None

    @property
    def program(self) -> str:
        return str(self.place.program) if self.place else ""


@dataclass(frozen=True)
class Wish:
    """How a text is to be taken."""

    is_clipboard: bool = False
    may_copy: bool = True
    most: int = 1_000_000


def take(desk: XDesk, wish: Wish) -> Taken:
    """Read what the person means, and remember where they are."""
    place = desk.windows.place()
    if wish.is_clipboard:
        return _clipboard(desk, place, wish)
    if place is not None and (text := desk.selected_at(place, wish.most)):
        return Taken("primary", text, place, why_not(place))
    if place is not None and wish.may_copy and (text := _copied(desk, place, wish)):
        return Taken("copied", text, place, why_not(place))
    return _elsewhere(desk, place, wish) or _clipboard(desk, place, wish)


def why_not(place: Place | None) -> str | None:
    """Why nothing can be pasted there; None where it can."""
    if place is None:
        return NOWHERE
    if chord_of(place) is None:
        return f"{place.program} does not paste with keys that are known: copy it instead"
    return None


def chord_of(place: Place) -> programs.Chord | None:
    """What pastes there."""
    holds = bool(place.pid) and pty.holds_one(place.pid)
    return programs.paste_chord(place.wm_class, holds_a_terminal=holds)


def is_terminal(place: Place) -> bool:
    holds = bool(place.pid) and pty.holds_one(place.pid)
    return programs.is_terminal(place.wm_class, holds_a_terminal=holds)


def _copied(desk: XDesk, place: Place, wish: Wish) -> str | None:
    """By Ctrl+C, where nothing but copying can come of it, and where it is not known that a program
    would have told."""
    if not desk.windows.is_focused(place) or _tells(desk, place):
        return None
    known = programs.copies_with_a_key(place.wm_class, has_a_terminal=False)
    if not known or pty.has_one(place.pid):
        return None
    try:
        return copy(desk, place, programs.COPY, wish.most)
    except NotDone:
        return None


def _tells(desk: XDesk, place: Place) -> bool:
    """Whether the program lets others know what is selected in it; a secret is not asked for twice."""
    owner = desk.reader.owner("PRIMARY")
    is_owner = bool(owner) and desk.windows.is_of(place, owner)
    return is_owner or bool(place.clients & desk.watch.tellers)


def _elsewhere(desk: XDesk, place: Place | None, wish: Wish) -> Taken | None:
    """A text that is selected in another window than the one with the focus."""
    try:
        text = desk.reader.text("PRIMARY", wish.most)
    except NotReadable:
        return None
    reason = f"it is not selected in {place.program}" if place else NOWHERE
    return Taken("primary", text, place, reason) if text else None


def _clipboard(desk: XDesk, place: Place | None, wish: Wish) -> Taken:
    reason = f"nothing is selected in {place.program}" if place else NOWHERE
    try:
        text = desk.reader.text("CLIPBOARD", wish.most)
    except Secret:
        return Taken("none", "", place, "the clipboard holds a secret, which is never read")
    except NotReadable as problem:
        return Taken("none", "", place, f"the clipboard cannot be read: {problem}")
    return Taken("clipboard" if text else "none", text, place, reason)
