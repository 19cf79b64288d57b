"""The wire between the daemon and a plugin host: both ends import these types.

A host has one control socket and then one socket a plugin, in the order of `INGLE_FDS`; plugins
that join it later come with `ADMIT`. On a plugin's socket the plugin calls the daemon's public
methods, and the daemon calls the methods below; what concerns the whole host goes over the control
socket. When the control socket closes, or that of a plugin that has not left, the host ends.
"""

from typing import Any, Literal

import msgspec

from ingle.rpc.streams import StreamLimits
from ingle.wire.calls.base import NoParams, Params, Result

START = "plugin.start"
"""Load the plugin if it is not loaded, and run it anew."""
LEAVE = "plugin.leave"
"""Stop the plugin for good and forget its code; the daemon closes the connection next."""
CONFIGURE = "plugin.configure"
"""New settings: `run` is cancelled and started again with them."""
CALL = "plugin.call"
STATE = "plugin.state"
"""Notification of a plugin to the daemon."""
ADMIT = "host.admit"
"""A further plugin's socket, which comes along as a descriptor (see `rpc.descriptors`)."""
PAUSE = "host.pause"
RESUME = "host.resume"

DISPLAY_GONE = 69
"""The exit status of a host whose X server has gone or thrown it out (EX_UNAVAILABLE of sysexits.h):
Xlib leaves no other way, and no plugin is to blame."""

FRAME_BYTES = 16 * 1024 * 1024
"""More than the public socket takes: a text of `context.max_item_bytes` passes, escapes included."""
PLUGIN_LIMITS = StreamLimits(frame_bytes=FRAME_BYTES)
HOST_LIMITS = StreamLimits(frame_bytes=FRAME_BYTES, frame_deadline_s=None)


class AdmitParams(Params, frozen=True):
    inode: int
    """Of the socket."""


class StartParams(Params, frozen=True):
    name: str
    folder: str
    settings: dict[str, Any]
    pauses: bool = True
    """Whether `PAUSE` stops it."""


class StartResult(Result, frozen=True):
    commands: list[str]


class ConfigureParams(Params, frozen=True):
    settings: dict[str, Any]


class CallParams(Params, frozen=True):
    command: str
    args: dict[str, Any] = msgspec.field(default_factory=dict)


class StateParams(Params, frozen=True):
    """`crashed` is started again by the daemon, `failed` is not; `reason` is for a person."""

    state: Literal["running", "waiting", "crashed", "failed"]
    reason: str | None = None


__all__ = [
    "ADMIT",
    "CALL",
    "CONFIGURE",
    "DISPLAY_GONE",
    "FRAME_BYTES",
    "HOST_LIMITS",
    "LEAVE",
    "PAUSE",
    "PLUGIN_LIMITS",
    "RESUME",
    "START",
    "STATE",
    "AdmitParams",
    "CallParams",
    "ConfigureParams",
    "NoParams",
    "StartParams",
    "StartResult",
    "StateParams",
]
