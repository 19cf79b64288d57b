"""The process of a plugin host, wherever it was started: what `host` needs of it."""

import asyncio
import socket
from collections.abc import Iterable, Mapping
from typing import Protocol

from ingle.plughost import facilities
from ingle.procs.child import Child

RUNNER = "ingle.sdk.runner"
LOOK_AGAIN_S = 0.3
"""A server that dies closes its connections and its socket one after the other."""

PASSED = (
    "AT_SPI_BUS_ADDRESS",
    "DBUS_SESSION_BUS_ADDRESS",
    "DBUS_SYSTEM_BUS_ADDRESS",
    "DESKTOP_SESSION",
    "DISPLAY",
    "GDK_BACKEND",
    "GDK_DPI_SCALE",
    "GDK_SCALE",
    "GTK_IM_MODULE",
    "GTK_THEME",
    "HYPRLAND_INSTANCE_SIGNATURE",
    "LANGUAGE",
    "SWAYSOCK",
    "WAYLAND_DISPLAY",
    "XAUTHORITY",
    "XCURSOR_SIZE",
    "XCURSOR_THEME",
    "XDG_CONFIG_DIRS",
    "XDG_CURRENT_DESKTOP",
    "XDG_DATA_DIRS",
    "XDG_SEAT",
    "XDG_SESSION_DESKTOP",
    "XDG_SESSION_ID",
    "XDG_SESSION_TYPE",
    "XMODIFIERS",
)
"""What a program on the desktop needs beside `procs.child.INHERITED`."""


class CannotStart(Exception):
    """The text says why, for a person; `is_excused` that no plugin can be blamed for it."""

    def __init__(self, reason: str, *, is_excused: bool = False) -> None:
        super().__init__(reason)
        self.is_excused = is_excused


class HostProcess(Protocol):
    """A running host. `sockets` are our ends; who takes them over empties the list."""

    sockets: list[socket.socket]

    @property
    def pid(self) -> int: ...

    async def wait(self) -> int:
        """Wait for the end; gives the return code. Exactly one task calls it."""

    async def stop(self) -> None:
        """End it, bounded; also in a task that was cancelled."""

    async def excuse(self) -> str | None:
        """Something that it requires and that has ended since its start; None if all goes on."""


class OwnProcess:
    """A host that this process has started."""

    def __init__(self, child: Child, environ: Mapping[str, str], marks: facilities.Marks) -> None:
        """`marks` were taken before the start."""
        self._child, self._environ, self._marks = child, environ, marks
        self.sockets, child.sockets = child.sockets, []

    @property
    def pid(self) -> int:
        return self._child.pid

    async def wait(self) -> int:
        return await self._child.wait()

    async def stop(self) -> None:
        for sock in self.sockets:
            sock.close()
        await self._child.stop()

    async def excuse(self) -> str | None:
        reason = self._lost()
        if reason is None and self._marks:
            await asyncio.sleep(LOOK_AGAIN_S)
            reason = self._lost()
        return reason

    def _lost(self) -> str | None:
        return facilities.lost(self._marks, self._environ)


def required(manifests: Iterable[list[str]]) -> list[str]:
    """What a host requires: all that its plugins do."""
    return sorted({name for requires in manifests for name in requires})
