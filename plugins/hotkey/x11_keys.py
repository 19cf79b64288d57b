"""Which key codes and masks a chord is in the keyboard map of the moment. Pure: no X connection."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from Xlib import XK, X

from ingle.sdk.chords import KEYS, Chord

X_OFFSET = 8
"""A key code of X is that of evdev plus this, in every X server that knows evdev."""
ALL_MODIFIERS = 0xFF
"""The bits of Shift, Lock, Control and Mod1-5 in an event's state; above them are buttons and groups."""


@dataclass(frozen=True)
class Keymap:
    """What the X server says of its keyboard."""

    first: int
    """The lowest key code."""
    keysyms: Sequence[Sequence[int]]
    """By key code from `first` on, and then by column: groups and levels."""
    modifiers: Sequence[Sequence[int]]
    """The key codes of Shift, Lock, Control and Mod1-5."""

    def keycode(self, chord: Chord) -> int | None:
        """The key with that sign; where the layout has none, the one in its place on a US keyboard.

        As in XKeysymToKeycode an earlier column wins: with two layouts, a chord stays on the key
        where the first of them has the sign, whichever is active.
        """
        name, evdev = KEYS[chord.key]
        wanted = XK.string_to_keysym(name)
        for column in range(max(map(len, self.keysyms), default=0)):
            for index, keysyms in enumerate(self.keysyms):
                if column < len(keysyms) and keysyms[column] == wanted:
                    return self.first + index
        place = evdev + X_OFFSET
        return place if self.first <= place < self.first + len(self.keysyms) else None

    def mask(self, chord: Chord) -> int:
        """The modifiers of a chord as X counts them."""
        masks = {
            "Shift": X.ShiftMask,
            "Ctrl": X.ControlMask,
            "Alt": self._mask_with("Alt_L", "Alt_R") or X.Mod1Mask,
            "Super": self._mask_with("Super_L", "Super_R") or X.Mod4Mask,
        }
        total = 0
        for name in chord.modifiers:
            total |= masks[name]
        return total

    @property
    def locks(self) -> int:
        """The bits that Caps, Num and Scroll Lock set, wherever this keyboard has them."""
        found: int = X.LockMask | self._mask_with("Num_Lock") | self._mask_with("Scroll_Lock")
        return found & ~(self._mask_with("Alt_L", "Alt_R") | self._mask_with("Super_L", "Super_R"))

    def lock_states(self) -> Iterator[int]:
        """Every combination of lock keys that may be on: each wants a grab of its own."""
        subset = self.locks
        while True:
            yield subset
            if not subset:
                return
            subset = (subset - 1) & self.locks

    def _mask_with(self, *names: str) -> int:
        """The modifier among Mod1-5 that one of these keys sets; 0 where there is none."""
        wanted = {XK.string_to_keysym(name) for name in names}
        for index in range(X.Mod1MapIndex, min(len(self.modifiers), 8)):
            if any(wanted & set(self._of(keycode)) for keycode in self.modifiers[index] if keycode):
                return 1 << index
        return 0

    def _of(self, keycode: int) -> Sequence[int]:
        index = keycode - self.first
        return self.keysyms[index] if 0 <= index < len(self.keysyms) else ()
