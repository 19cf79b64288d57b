"""`desktop.*`: a graphical session offers itself to the daemon, for plugins that need one."""

import msgspec

from ingle.wire.calls.base import Params, Result


class DesktopAttachParams(Params, frozen=True):
    """`about` says which screen it is; `missing` are facilities that are not there, with the reason."""

    about: str
    missing: dict[str, str] = msgspec.field(default_factory=dict)


class DesktopChangedParams(Params, frozen=True):
    missing: dict[str, str]


class DesktopEnded(Result, frozen=True):
    """The answer of `desktop.attach`, in the end: why the session is not wanted any more."""

    reason: str
