"""Which back ends are tried on this desktop, in which order. Pure, but for making them."""

from collections.abc import Mapping

from .binding import Backend
from .devices import Devices
from .portal import Portal, Unserved
from .x11 import X11


def is_wayland(environ: Mapping[str, str]) -> bool:
    return bool(environ.get("WAYLAND_DISPLAY")) or environ.get("XDG_SESSION_TYPE") == "wayland"


def names(choice: str, environ: Mapping[str, str]) -> list[str]:
    """In the order in which they are tried; the last of them says what is missing.

    Under Wayland X11 is no choice by itself: an X client hears a chord only while another X client
    has the focus, which looks like chords that work by chance. Input devices are read by nobody
    who was not asked to.
    """
    match choice:
        case "portal":
            return ["portal", "unserved"]
        case "x11" | "keyboard":
            return [choice]
        case _ if is_wayland(environ):
            return ["portal", "unserved"]
        case _:
            return ["portal", "x11"]


def backends(choice: str, environ: Mapping[str, str]) -> list[Backend]:
    wanted = names(choice, environ)
    return [_make(name, is_alone="x11" not in wanted) for name in wanted]


def _make(name: str, *, is_alone: bool) -> Backend:
    match name:
        case "portal":
            return Portal(may_start=is_alone)
        case "x11":
            return X11()
        case "keyboard":
            return Devices()
        case _:
            return Unserved()
