"""The screen from outside: pressing chords, and seeing when a window has been drawn (X Damage)."""

import select
import time
from typing import Any

from place import CannotMeasure
from Xlib import XK, X
from Xlib.ext import damage, xtest

from desktop.selection_stage import Look

PAINTED_SHARE = 0.5
"""Of a window: a caret or a spinner is not a picture."""
LEAST_PIXELS = 10_000
"""Of a window that a person can read something in."""
PAINTED_S = 10.0


class Screen:
    """Windows, as the X server sees them."""

    def __init__(self, look: Look) -> None:
        self._display = look.display
        if not self._display.has_extension("DAMAGE"):
            raise CannotMeasure("this X server has no DAMAGE extension")
        self._display.damage_query_version()

    def watch(self, number: int) -> None:
        """Hear what is drawn in a window that is there; those that are made later are heard anyway."""
        window = self._display.create_resource_object("window", number)
        window.damage_create(damage.DamageReportRawRectangles)
        self._display.flush()

    def forget(self) -> None:
        """What was drawn before is of no interest."""
        self._display.sync()
        while self._display.pending_events():
            self._display.next_event()

    def press(self, names: tuple[str, ...]) -> float:
        """Press a chord; the moment (of `time.monotonic`) at which its last key went to the server."""
        codes = [self._display.keysym_to_keycode(XK.string_to_keysym(name)) for name in names]
        for code in codes[:-1]:
            xtest.fake_input(self._display, X.KeyPress, code)
        self._display.sync()
        began = time.monotonic()
        xtest.fake_input(self._display, X.KeyPress, codes[-1])
        for code in reversed(codes):
            xtest.fake_input(self._display, X.KeyRelease, code)
        self._display.flush()
        return began

    def until_painted(self) -> float:
        """Wait until most of one window has been drawn; gives the moment."""
        drawn: dict[int, int] = {}
        while True:
            event = self._next()
            kind = type(event).__name__
            if kind == "CreateNotify" and not event.override:
                self.watch(event.window.id)
            elif kind == "DamageNotify" and _is_picture(event, drawn):
                return time.monotonic()

    def _next(self) -> Any:
        if (
            not self._display.pending_events()
            and not select.select([self._display.fileno()], [], [], PAINTED_S)[0]
        ):
            raise CannotMeasure("the popup was not drawn")
        return self._display.next_event()


def _is_picture(event: Any, drawn: dict[int, int]) -> bool:
    """Whether enough of the window has been drawn, with this event; `drawn` has the pixels so far."""
    number = getattr(event.drawable, "id", event.drawable)
    drawn[number] = drawn.get(number, 0) + event.area.width * event.area.height
    whole = event.drawable_geometry.width * event.drawable_geometry.height
    return bool(whole >= LEAST_PIXELS and drawn[number] >= PAINTED_SHARE * whole)
