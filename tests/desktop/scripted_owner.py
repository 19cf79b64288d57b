"""Owners of a clipboard that do as a test says, and tell what they were asked for."""

import asyncio
import json
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from fakes.plugin_daemon import PATIENCE_S


class ScriptedOwner:
    """`owner.py` or `wayland_owner.py` as the test sees it: what it was asked for so far."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process, self.asked = process, list[str]()

    async def until(self, word: str) -> None:
        assert self.process.stdout is not None
        async with asyncio.timeout(PATIENCE_S):
            while word not in self.asked:
                line = await self.process.stdout.readline()
                assert line, "the owner has ended"
                self.asked.append(line.decode().strip())


Own = Callable[..., Awaitable[ScriptedOwner]]


@asynccontextmanager
async def owners(program: Path, **usual: Any) -> AsyncIterator[Own]:
    """Starts owners and waits until each owns the clipboard; `usual` is in every script."""
    started = []

    async def start(**script: Any) -> ScriptedOwner:
        process = await asyncio.create_subprocess_exec(
            sys.executable, str(program), json.dumps({**usual, **script}), stdout=subprocess.PIPE
        )
        started.append(process)
        owner = ScriptedOwner(process)
        await owner.until("owns")
        return owner

    yield start
    for process in started:
        if process.returncode is None:
            process.kill()
        await process.communicate()
