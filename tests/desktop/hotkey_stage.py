"""A stage for the hotkey plugin: it runs in memory, on the test's own X server, with real key presses."""

import asyncio
import subprocess
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

from Xlib import XK, X, display

from desktop.conftest import PLUGINS
from ingle.sdk.testing import FakeIngle, load, running

PATIENCE_S = 30.0
FOLDER = PLUGINS / "hotkey"
Hotkey = load(FOLDER)

NOTHING_WRONG = ("running", None)


class Stage:
    """The plugin with a chord or more, and what it did so far."""

    def __init__(self, ingle: FakeIngle) -> None:
        self.ingle = ingle

    @property
    def grabs(self) -> Any:
        """The X11 back end's side of the connection, for what cannot be seen from outside."""
        backend = self.ingle._plugin._backend  # type: ignore[attr-defined]
        return backend._grabs

    @property
    def shown(self) -> list[dict[str, Any]]:
        """What the popup was asked to show."""
        calls = [params for method, params in self.ingle.calls if method == "plugin.call"]
        return [each["args"] for each in calls if (each["plugin"], each["command"]) == ("popup", "show")]

    async def pressed(self) -> dict[str, Any]:
        """The next thing that a press asked for."""
        return await self.ingle.next_call("plugin.call")

    async def until_state(self, state: str, reason: str = "") -> None:
        await self.ingle.until(
            lambda: (
                bool(self.ingle.states)
                and self.ingle.states[-1][0] == state
                and reason in (self.ingle.states[-1][1] or "")
            )
        )

    async def bindings(self) -> list[dict[str, Any]]:
        return list(await self.ingle.command("bindings"))


@asynccontextmanager
async def stage(
    popup: str = "Ctrl+Alt+Space", *bindings: str, backend: str = "x11"
) -> AsyncIterator[Stage]:
    settings = {"popup": popup, "bindings": list(bindings), "backend": backend}
    async with running(Hotkey, settings, FOLDER) as ingle:
        yield Stage(ingle)


@asynccontextmanager
async def bound(*chords: str, backend: str = "x11") -> AsyncIterator[Stage]:
    """As `stage`, with everything bound."""
    async with stage(*chords, backend=backend) as made:
        await made.until_state(*NOTHING_WRONG[:1])
        assert made.ingle.states[-1] == NOTHING_WRONG
        yield made


async def until(is_so: Callable[[], bool]) -> None:
    """For what tells nobody that it changed; with a bound that only a broken test reaches."""
    async with asyncio.timeout(PATIENCE_S):
        while not is_so():  # noqa: ASYNC110 - there is nothing to be woken by
            await asyncio.sleep(0)


def run(*command: str) -> None:
    subprocess.run(command, check=True, timeout=PATIENCE_S, stdout=subprocess.DEVNULL)


async def xdotool(*command: str) -> None:
    await asyncio.to_thread(run, "xdotool", *command)


@contextmanager
def x_client() -> Iterator[display.Display]:
    """Another program on the display."""
    client = display.Display()
    try:
        yield client
    finally:
        client.close()


def code_of(client: display.Display, sign: str) -> int:
    return int(client.keysym_to_keycode(XK.string_to_keysym(sign)))


def take_chord(client: display.Display, sign: str, mask: int = X.ControlMask | X.Mod1Mask) -> None:
    """As another program with a chord of its own does."""
    root = client.screen().root
    root.grab_key(code_of(client, sign), mask, False, X.GrabModeAsync, X.GrabModeAsync)
    client.sync()


def give_back_chord(client: display.Display, sign: str, mask: int = X.ControlMask | X.Mod1Mask) -> None:
    client.screen().root.ungrab_key(code_of(client, sign), mask)
    client.sync()


def lock_state(client: display.Display) -> int:
    return int(client.screen().root.query_pointer().mask & (X.LockMask | X.Mod2Mask))
