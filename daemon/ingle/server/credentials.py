"""Who is at the other end of a Unix socket, from the kernel (SO_PEERCRED, unix(7))."""

import os
import socket
import struct
from dataclasses import dataclass

_UCRED = struct.Struct("3i")


@dataclass(frozen=True)
class Credentials:
    pid: int
    uid: int
    gid: int

    @property
    def is_allowed(self) -> bool:
        """The person themself, or root: everyone else is turned away unread."""
        return self.uid in (os.getuid(), 0)


def of(connection: socket.socket) -> Credentials:
    """Raises `OSError` when the kernel does not tell."""
    raw = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _UCRED.size)
    return Credentials(*_UCRED.unpack(raw))
