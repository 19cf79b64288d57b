"""The two sides of rewriting in place: Ingle's transaction, through its daemon, and the flow of WritingTools.

That flow, as its version 9 has it on X11: copy the clipboard's text, empty it, inject Ctrl+C, look every
50 ms whether there is a text, wait for the whole answer, put it on the clipboard, inject Ctrl+V,
sleep 200 ms, put the text back. xclip stands for its clipboard library, which runs it too.
"""

import asyncio
import subprocess
import threading
import time
from dataclasses import dataclass
from typing import Any, Protocol

from Xlib import XK, X, display
from Xlib.ext import xtest

from ingle.client import AsyncIngle

POLL_S, POLLS, SETTLE_S = 0.05, 40, 0.2
XCLIP = ("xclip", "-selection", "clipboard")


class Side(Protocol):
    """Somebody who replaces what is selected."""

    name: str

    async def read(self) -> str:
        """What is selected."""

    async def replace(self, text: str) -> bool:
        """Put `text` there; whether they say that it is there."""


@dataclass
class Ours:
    """The plugin selection."""

    ingle: AsyncIngle
    name: str = "ingle"

    async def read(self) -> str:
        self._taken = await self._call("take")
        return str(self._taken["text"])

    async def replace(self, text: str) -> bool:
        done = await self._call("replace", id=self._taken["id"], text=text)
        return bool(done["replaced"])

    async def _call(self, command: str, **args: Any) -> Any:
        return await self.ingle.call("plugin.call", plugin="selection", command=command, args=args)


class Theirs:
    """The baseline, in a thread: all of it blocks."""

    name = "WritingTools' flow"

    def __init__(self) -> None:
        self._display = display.Display()
        self._backup = b""

    async def read(self) -> str:
        return await asyncio.to_thread(self._read)

    async def replace(self, text: str) -> bool:
        return await asyncio.to_thread(self._replace, text)

    def close(self) -> None:
        self._display.close()

    def ask_for_selection(self, *, safely: bool = True) -> None:
        """Blocks, as all of it does; `safely` waits until the clipboard is empty, which they do not."""
        self._backup = _paste()
        if safely:
            _copy(b"")
        else:
            _run_copy(b"")
        self._press("c")

    def wait_for_selection(self) -> str:
        """Empty when none came."""
        for _ in range(POLLS):
            if text := _paste():
                return text.decode()
            _pause(POLL_S)
        return ""

    def _read(self) -> str:
        self.ask_for_selection()
        return self.wait_for_selection()

    def _replace(self, text: str) -> bool:
        _copy(text.encode())
        self._press("v")
        _pause(SETTLE_S)
        _copy(self._backup)
        return True  # it never looks

    def _press(self, key: str) -> None:
        codes = [
            self._display.keysym_to_keycode(XK.string_to_keysym(name)) for name in ("Control_L", key)
        ]
        for kind, order in ((X.KeyPress, codes), (X.KeyRelease, codes[::-1])):
            for code in order:
                xtest.fake_input(self._display, kind, code)
        self._display.sync()


def _pause(seconds: float) -> None:
    """What the measured flow does; here nothing else waits by the clock."""
    threading.Event().wait(seconds)


def _copy(raw: bytes) -> None:
    """xclip says that it is done before it owns the clipboard; waiting for that is in their favour."""
    _run_copy(raw)
    for _ in range(POLLS):
        if _paste() == raw:
            return


def _run_copy(raw: bytes) -> None:
    subprocess.run(XCLIP, input=raw, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)


def _paste() -> bytes:
    done = subprocess.run([*XCLIP, "-o"], capture_output=True, check=False)
    return done.stdout if done.returncode == 0 else b""


def elapsed_ms(began: float) -> float:
    return (time.perf_counter() - began) * 1000
