"""Sees whether a desktop notification was really shown: by what went over the session bus.

`dbus-monitor` tells of every `Notify` call and of its answer, with the bus's own time stamps, so
that neither the daemon nor the plugin is asked to vouch for itself.
"""

import asyncio
from asyncio.subprocess import DEVNULL, PIPE, Process
from contextlib import suppress
from types import TracebackType
from typing import Self

RULES = ("interface=org.freedesktop.Notifications,member=Notify", "type=method_return")
CALL, ANSWER, SIGNAL = "mc", "mr", "sig"


class NotificationWatch:
    """`async with NotificationWatch() as watch`: hears the session bus from the entry on."""

    def __init__(self) -> None:
        self._process: Process | None = None

    @property
    def can_hear(self) -> bool:
        """Whether there is a session bus and a dbus-monitor to listen with."""
        return self._process is not None

    async def __aenter__(self) -> Self:
        with suppress(OSError):
            self._process = await asyncio.create_subprocess_exec(
                "dbus-monitor", "--session", "--profile", *RULES, stdout=PIPE, stderr=DEVNULL
            )
        if self._process is not None and not await self._line_of(SIGNAL):  # it has its own name now
            await self._process.wait()
            self._process = None
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process is not None:
            with suppress(ProcessLookupError):
                self._process.terminate()
            await self._process.wait()

    async def shown(self, within_s: float) -> float | None:
        """When the next notification was accepted (seconds since the epoch); None if none is."""
        if self._process is None:
            return None
        with suppress(TimeoutError):
            async with asyncio.timeout(within_s):
                return await self._answered()
        return None

    async def _answered(self) -> float | None:
        call = await self._line_of(CALL)
        while call:
            answer = await self._line_of(ANSWER)
            if not answer or answer[4:6] == [call[3], call[2]]:  # to its sender, for its serial
                return float(answer[1]) if answer else None
        return None

    async def _line_of(self, kind: str) -> list[str]:
        """The next line that begins with `kind`, cut at its tabs; empty at the end."""
        assert self._process is not None
        assert self._process.stdout is not None
        while line := await self._process.stdout.readline():
            fields = line.decode("utf-8", "replace").rstrip("\n").split("\t")
            if fields[0] == kind:
                return fields
        return []
