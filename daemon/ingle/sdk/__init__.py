"""All that a plugin may import from Ingle: `from ingle.sdk import Plugin, command, Ingle`.

The names below and `ingle.sdk.bus`, `.chords`, `.glib`, `.logs`, `.marks`, `.naming`, `.testing`,
`.viewer` and `.wayland` are a promise; everything else is not.
"""

from ingle.errors import Busy, IngleError, InvalidParams, NotFound, NotPermitted, Unavailable
from ingle.sdk.facade import Event, Ingle, Settings
from ingle.sdk.plugin import CannotRun, Plugin, command
from ingle.vocabulary import Coverage

__all__ = [
    "Busy",
    "CannotRun",
    "Coverage",
    "Event",
    "Ingle",
    "IngleError",
    "InvalidParams",
    "NotFound",
    "NotPermitted",
    "Plugin",
    "Settings",
    "Unavailable",
    "command",
]
