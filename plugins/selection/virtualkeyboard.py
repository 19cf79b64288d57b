"""Pressing keys under Wayland (`zwp_virtual_keyboard_v1`: sway, Hyprland, labwc, river, ...).

`wtype` makes a keymap of just the keys it needs, in which GTK 3 recognises no shortcut; this one is a
whole keyboard. It has a layout of its own, so a chord means the same on every layout of the person.
"""

import os
import time

from ingle.sdk.wayland import Clipboards

MANAGER = "zwp_virtual_keyboard_manager_v1"
CREATE = 0
KEYMAP, KEY, MODIFIERS = 0, 1, 2
XKB_V1 = 1
PRESSED, RELEASED = 1, 0

LAYOUT = b"""xkb_keymap {
  xkb_keycodes { include "evdev+aliases(qwerty)" };
  xkb_types { include "complete" };
  xkb_compat { include "complete" };
  xkb_symbols { include "pc+us+inet(evdev)" };
};\0"""

CODES = {"Control_L": 29, "Shift_L": 42, "Insert": 110, "v": 47, "c": 46, "Left": 105, "Right": 106}
"""Of the kernel (linux/input-event-codes.h)."""
BITS = {"Shift_L": 1, "Control_L": 4}
"""Of the modifiers, in every keymap of that kind."""


class VirtualKeyboard:
    """One keyboard of the seat; there for as long as its connection."""

    def __init__(self, control: Clipboards) -> None:
        """Raises `LookupError` where the compositor takes no keys from programs."""
        self._compositor = compositor = control.compositor
        if MANAGER not in compositor.globals:
            raise LookupError(MANAGER)
        manager, _ = compositor.bind(MANAGER, 1)
        self._keyboard = compositor.new()
        compositor.send(manager, CREATE, control.seat, self._keyboard)
        descriptor = os.memfd_create("ingle-keymap", os.MFD_CLOEXEC)
        try:
            os.write(descriptor, LAYOUT)
            compositor.send(self._keyboard, KEYMAP, XKB_V1, len(LAYOUT), fds=(descriptor,))
        finally:
            os.close(descriptor)

    def press(self, modifiers: tuple[str, ...], key: str) -> None:
        """Press a chord and release it, whatever the person holds."""
        held = 0
        for name in modifiers:
            held |= BITS[name]
            self._key(name, PRESSED)
        self._compositor.send(self._keyboard, MODIFIERS, held, 0, 0, 0)
        self._key(key, PRESSED)
        self._key(key, RELEASED)
        for name in reversed(modifiers):
            self._key(name, RELEASED)
        self._compositor.send(self._keyboard, MODIFIERS, 0, 0, 0, 0)

    def _key(self, name: str, state: int) -> None:
        now = time.monotonic_ns() // 1_000_000 & 0xFFFFFFFF
        self._compositor.send(self._keyboard, KEY, now, CODES[name], state)
