"""The wire between the daemon and `ingle desktop`, over the connection that said `desktop.attach`.

From then on the daemon calls the methods below. With `SPAWN` come, as descriptors, the far ends
of a host's sockets and of its standard error (see `rpc.descriptors`): the host speaks with the
daemon itself, as one that the daemon has started, and no secret has to be handed on.
"""

from ingle.rpc.streams import StreamLimits
from ingle.wire.calls.base import Params, Result

SPAWN = "desktop.spawn"
"""Start a host. A delta gives its process id; the answer comes when it has ended. To cancel the
request ends the host."""
STOP = "desktop.stop"
"""End a host; answered when it has ended."""
EXCUSE = "desktop.excuse"
"""Whether something has ended that a host requires. Of a host that has ended itself it is asked once."""

LIMITS = StreamLimits(frame_deadline_s=None)


class SpawnParams(Params, frozen=True):
    """`stderr` is the inode of the last descriptor that comes along; `requires` are facilities."""

    host: str
    stderr: int
    requires: list[str]


class SpawnResult(Result, frozen=True):
    returncode: int


class HostParams(Params, frozen=True):
    pid: int


class ExcuseResult(Result, frozen=True):
    """`missing` is as in `desktop.changed`: no event may have told of a server that was killed."""

    reason: str | None
    missing: dict[str, str]


__all__ = [
    "EXCUSE",
    "LIMITS",
    "SPAWN",
    "STOP",
    "ExcuseResult",
    "HostParams",
    "SpawnParams",
    "SpawnResult",
]
