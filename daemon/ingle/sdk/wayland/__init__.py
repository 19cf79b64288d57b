"""Wayland for plugins without a window: a connection to the compositor, and its clipboards.

Spoken directly, on the asyncio loop: no library of Wayland's is loaded and no helper is started.
"""

from ingle.sdk.wayland.clipboards import Clipboards, Source, can_watch
from ingle.sdk.wayland.compositor import Compositor, connect, socket_of
from ingle.sdk.wayland.outcomes import CompositorGone, NoDataControl, TooMuch

__all__ = [
    "Clipboards",
    "Compositor",
    "CompositorGone",
    "NoDataControl",
    "Source",
    "TooMuch",
    "can_watch",
    "connect",
    "socket_of",
]
