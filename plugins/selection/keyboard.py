"""Pressing keys through XTest: on the layout that is on, without what the person still holds."""

from typing import Any

from Xlib import XK, X

from .connection import Connection
from .programs import INSERT, Chord

LOCKS = ("Caps_Lock", "Num_Lock", "Scroll_Lock", "Shift_Lock")
"""Letting go of one of these could switch it."""
MOST_AT_ONCE = 100
"""Chords in one go: the server listens to nobody else meanwhile."""


class Keyboard:
    """The keys of the server that a connection leads to."""

    def __init__(self, connection: Connection) -> None:
        self._connection, self._display = connection, connection.display

    def can_press(self) -> bool:
        return bool(self._display.has_extension("XTEST"))

    def press(self, chord: Chord, times: int = 1) -> None:
        """Press and release. What the person holds, from the hotkey perhaps, is let go first."""
        self._let_go()
        for _ in range(times):
            self._press(self._on_this_layout(chord))
        self._display.flush()

    def _press(self, chord: Chord) -> None:
        keys = [self._code(name) for name in (*chord.modifiers, chord.key)]
        for code in keys:
            self._display.xtest_fake_input(X.KeyPress, code)
        for code in reversed(keys):
            self._display.xtest_fake_input(X.KeyRelease, code)

    def _let_go(self) -> None:
        locks = {self._code(name) for name in LOCKS}
        for code in self._held() - locks:
            self._display.xtest_fake_input(X.KeyRelease, code)

    def _held(self) -> set[int]:
        bits: Any = self._display.query_keymap()
        return {8 * byte + bit for byte in range(32) for bit in range(8) if bits[byte] >> bit & 1}

    def _on_this_layout(self, chord: Chord) -> Chord:
        """A layout without Latin letters has no Ctrl+V; Shift+Insert is on all of them."""
        is_paste = chord.key == "v" and chord.selection == "CLIPBOARD"
        return INSERT if is_paste and not self._code(chord.key) else chord

    def _code(self, name: str) -> int:
        """The key that gives `name` in the group that is on, else in any; 0 where there is none."""
        keysym = XK.string_to_keysym(name)
        places = list(self._display.keysym_to_keycodes(keysym))
        here = 2 * self._group()
        level = {index: code for code, index in reversed(places)}
        return int(level.get(here, level.get(0, places[0][0] if places else 0)))

    def _group(self) -> int:
        """The layout that is on, of the two that the core protocol can tell apart."""
        return min(int(self._connection.root.query_pointer().mask) >> 13 & 3, 1)
