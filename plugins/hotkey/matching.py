"""Which chord a stream of key events completes. Pure; the codes are those of evdev."""

from collections.abc import Sequence
from typing import Any

PLACES = {"Ctrl": (29, 97), "Alt": (56, 100), "Shift": (42, 54), "Super": (125, 126)}
"""The two keys of each modifier, left and right."""

MODIFIER_CODES = frozenset(code for codes in PLACES.values() for code in codes)


class Matcher:
    """Keeps what is down. Lock keys are no modifiers, so that they change nothing."""

    def __init__(self, chords: Sequence[tuple[Sequence[str], int]]) -> None:
        """Each chord: the names of its modifiers and the code of its key."""
        self._chords = {(frozenset(names), code): index for index, (names, code) in enumerate(chords)}
        self._down: dict[Any, set[int]] = {}

    def take(self, code: int, is_down: bool, device: Any = None) -> int | None:
        """The index of the chord that this event completes; a held key repeats and completes nothing."""
        down = self._down.setdefault(device, set())
        if not is_down:
            down.discard(code)
            return None
        if code in down:
            return None
        down.add(code)
        return self._chords.get((self._held(), code))

    def _held(self) -> frozenset[str]:
        """Modifiers on any keyboard: they may be on one and the key on another."""
        down = set().union(*self._down.values())
        return frozenset(name for name, codes in PLACES.items() if down & set(codes))
