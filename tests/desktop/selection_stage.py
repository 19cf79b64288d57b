"""A desktop to replace texts on: a window manager, programs to write in, owners, and a look at all of it.

Everything is a process of its own on a real X server. Each wait is for something that is told.
"""

import asyncio
import hashlib
import json
import os
import select
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

from Xlib import X, display, error
from Xlib.protocol import event as xevent

from conftest import missing

HERE = Path(__file__).parent
PATIENCE_S = 30.0


class Told:
    """A process that tells what happens in lines."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process
        self.lines: list[Any] = []

    async def next(self) -> Any:
        assert self.process.stdout is not None
        async with asyncio.timeout(PATIENCE_S):
            line = await self.process.stdout.readline()
        assert line, "the process has ended"
        try:
            told = json.loads(line)
        except ValueError:
            told = line.decode().strip()
        self.lines.append(told)
        return told

    async def until(self, matches: Callable[[Any], bool]) -> Any:
        """The next line that matches; what was told before counts no more."""
        while not matches(told := await self.next()):
            pass
        return told

    async def until_ended(self) -> None:
        """Everything that it had told is in `lines`."""
        with suppress(AssertionError):
            while True:
                await self.next()


class Target(Told):
    """`selection_target.py`."""

    window = 0

    async def do(self, what: str, **how: Any) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write((json.dumps({"do": what, **how}) + "\n").encode())
        await self.process.stdin.drain()
        if what not in {"say", "say_second", "close"}:
            await self.until(lambda told: told.get("done") == what)

    async def say(self) -> tuple[str, str]:
        """The text, and what is selected of it."""
        await self.do("say")
        told = await self.until(lambda told: "said" in told)
        return told["said"], told["selected"]

    async def open_second(self) -> int:
        """Another window of the same program; gives its number."""
        await self.do("second")
        return int(self.lines[-1]["second"])

    async def say_second(self) -> str:
        await self.do("say_second")
        return str((await self.until(lambda told: "second_said" in told))["second_said"])

    async def until_text(self, text: str) -> None:
        await self.until(lambda told: told.get("text") == text)

    async def write(self, text: str, start: int = 0, end: int | None = None) -> None:
        """Have a text with a part of it selected."""
        await self.do("text", text=text)
        await self.do("select", start=start, end=len(text) if end is None else end)


@asynccontextmanager
async def started(kind: type[Told], *argv: str, **options: Any) -> AsyncIterator[Any]:
    process = await asyncio.create_subprocess_exec(
        *argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        limit=1 << 24, **options,
    )  # fmt: skip
    try:
        yield kind(process)
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


@asynccontextmanager
async def target(title: str) -> AsyncIterator[Target]:
    """A window with a text view; it has the focus."""
    environ = {**os.environ, "NO_AT_BRIDGE": "1", "GDK_BACKEND": os.environ.get("GDK_BACKEND", "x11")}
    program = str(HERE / "selection_target.py")
    async with started(Target, sys.executable, program, title, env=environ) as one:
        one.window = (await one.until(lambda told: "window" in told))["window"]
        yield one


Offer = Mapping[str, tuple[str, int, bytes]]
"""Type, format and bytes by target."""


class Owner(Told):
    """`selection_owner.py`."""

    async def copy(self, path: Path) -> None:
        """Own the clipboard with what is in a file of `write_offer`."""
        assert self.process.stdin is not None
        self.process.stdin.write(f"{path}\n".encode())
        await self.process.stdin.drain()
        await self.until(lambda told: told == "owns")


def write_offer(path: Path, offer: Offer, *silent: str) -> Path:
    script = {name: (kind, width, raw.hex()) for name, (kind, width, raw) in offer.items()}
    path.write_text(json.dumps({**script, "silent": silent}))
    return path


@asynccontextmanager
async def owner(folder: Path, offer: Offer, *silent: str) -> AsyncIterator[Owner]:
    """A program that has copied something; those of its targets that are `silent` it never gives."""
    path = write_offer(folder / "offer.json", offer, *silent)
    async with started(Owner, sys.executable, str(HERE / "selection_owner.py"), str(path)) as one:
        await one.until(lambda told: told == "owns")
        yield one


@asynccontextmanager
async def window_manager() -> AsyncIterator[asyncio.subprocess.Process]:
    """openbox; it has taken over the display."""
    program = shutil.which("openbox") or missing("openbox")
    with Look() as look:
        process = await asyncio.create_subprocess_exec(
            program, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        look.until(lambda: look.root_property("_NET_SUPPORTING_WM_CHECK"))
        try:
            yield process
        finally:
            if process.returncode is None:  # it ends with its X server
                process.kill()
            await process.wait()


class Look:
    """A test's own connection: what is on the display, and stealing the focus."""

    def __enter__(self) -> "Look":
        self.display = display.Display()
        self.display.set_error_handler(lambda *_: None)
        self.root = self.display.screen().root
        self.root.change_attributes(event_mask=X.PropertyChangeMask | X.SubstructureNotifyMask)
        self.home = self.root.create_window(
            0, 0, 1, 1, 0, X.CopyFromParent, event_mask=X.PropertyChangeMask
        )
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(error.ConnectionClosedError, OSError):
            self.display.close()

    def atom(self, name: str) -> int:
        return self.display.intern_atom(name)

    def until(self, is_so: Callable[[], Any]) -> Any:
        """Wait until it is so, looking again whenever the server tells of something."""
        for _ in range(1000):
            if found := is_so():
                return found
            if not self.display.pending_events():
                select.select([self.display.fileno()], [], [], PATIENCE_S / 1000)
            while self.display.pending_events():
                self.display.next_event()
        raise TimeoutError("the display never came to be like that")

    def root_property(self, name: str) -> int:
        value = self.root.get_full_property(self.atom(name), X.AnyPropertyType)
        return int(value.value[0]) if value is not None and value.value else 0

    def active(self) -> int:
        return self.root_property("_NET_ACTIVE_WINDOW")

    def focus(self) -> int:
        found = self.display.get_input_focus().focus
        return int(getattr(found, "id", found))

    def until_active(self, window: int) -> None:
        """Until a new window has been given the focus: before, to activate another one says nothing."""
        self.until(lambda: self.active() == window)

    def activate(self, window: int) -> None:
        """As a taskbar does; returns when the window has the focus."""
        self.steal(window)
        self.until(lambda: self.active() == window)

    def steal(self, window: int) -> None:
        """Ask for it, and do not wait."""
        message = xevent.ClientMessage(
            window=window, client_type=self.atom("_NET_ACTIVE_WINDOW"),
            data=(32, [2, X.CurrentTime, 0, 0, 0]),
        )  # fmt: skip
        mask = X.SubstructureRedirectMask | X.SubstructureNotifyMask
        self.root.send_event(message, event_mask=mask)
        self.display.flush()

    def grab_focus(self, window: int) -> None:
        """Past the window manager, as a rude program does."""
        self.display.create_resource_object("window", window).set_input_focus(
            X.RevertToParent, X.CurrentTime
        )
        self.display.flush()

    def owner(self, selection: str = "CLIPBOARD") -> int:
        found = self.display.get_selection_owner(self.atom(selection))
        return int(getattr(found, "id", found))


def clipboard() -> dict[str, bytes]:
    """Everything on the clipboard, read by xclip, a program that is not ours."""
    program = shutil.which("xclip") or missing("xclip")
    ask = [program, "-o", "-selection", "clipboard", "-t"]
    listed = subprocess.run([*ask, "TARGETS"], capture_output=True, check=False).stdout.decode().split()
    questions = {"TARGETS", "MULTIPLE", "TIMESTAMP", "SAVE_TARGETS", "DELETE"}
    return {
        name: subprocess.run([*ask, name], capture_output=True, check=False, timeout=PATIENCE_S).stdout
        for name in listed
        if name not in questions
    }


def digests(values: Mapping[str, bytes]) -> dict[str, str]:
    return {name: hashlib.sha256(raw).hexdigest() for name, raw in values.items()}


def needed(program: str) -> str:
    """The path of a program; a test without it is skipped, by name."""
    return shutil.which(program) or missing(program)


def press_keys(*words: str) -> None:
    """xdotool's words: the person at the keyboard."""
    subprocess.run([needed("xdotool"), *words], check=True, stdout=subprocess.DEVNULL)
