"""Taking a replacement back.

A program's own Ctrl+Z would be quicker, and there is no telling what it undoes. What was pasted is
selected again instead, by hand or by the keys, and only when exactly that text is selected (PRIMARY
says so) is the old one pasted over it, in the same transaction as before.
"""

from .desk import XDesk
from .keyboard import MOST_AT_ONCE
from .programs import BACKSPACE, RIGHT, SELECT_LEFT, Chord
from .transaction import MOVED, NotDone, replace
from .windows import Place

LONGEST = 500
"""Characters that are selected by the keys, one press each; a slow program takes seconds for so many. A
longer text has to be selected by hand."""


def undo(desk: XDesk, place: Place, new: str, old: str, chord: Chord) -> None:
    """Have `old` where `new` was pasted. Raises `NotDone`; the program has its text as it was then."""
    if not desk.windows.is_there(place):
        raise NotDone("its window has been closed")
    if not desk.windows.is_focused(place):
        desk.windows.raise_(place)
        if not desk.until_focused(place):
            raise NotDone(MOVED)
    if not desk.has_selected(place, new):
        _select(desk, place, new)
    if old:
        replace(desk, place, old, chord, new)
    else:
        desk.press(place, BACKSPACE, desk.moment())


def _select(desk: XDesk, place: Place, text: str) -> None:
    if len(text) > LONGEST:
        raise NotDone("it is too long to be found again: select it, then undo")
    if not desk.select_back(place, SELECT_LEFT, text, MOST_AT_ONCE):
        desk.press(place, RIGHT, desk.moment())
        raise NotDone("the text was changed or the cursor has moved: select it, then undo")
