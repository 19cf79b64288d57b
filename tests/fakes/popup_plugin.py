"""The popup's modules that need no display, and a window that is only a list of what it was told."""

import asyncio
import importlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ingle.sdk import loading

PATIENCE_S = 10.0
FOLDER = Path(__file__).resolve().parents[2] / "plugins" / "popup"


def module(name: str) -> Any:
    """One module of the plugin, under the name that the plugin host gives it."""
    package = loading.package_of(FOLDER.name)
    loading._make_package(package, FOLDER)
    return importlib.import_module(f"{package}.{name}")


class FakeView:
    """Stands where the window would be; `told` is everything that it was told, in order."""

    def __init__(self) -> None:
        self.told: list[tuple[Any, ...]] = []
        self._changed = asyncio.Event()
        self.screen: Any = None
        self.streamed = ""
        self.copied = ""
        self.is_visible = self.has_focus = False
        self.skills: list[Any] = []
        self.commands: list[Any] = []

    async def until(self, is_so: Callable[[], bool]) -> None:
        """Wait until it is so, looked at whenever the window was told something."""
        async with asyncio.timeout(PATIENCE_S):
            while not is_so():
                self._changed.clear()
                await self._changed.wait()

    def present(self, *, takes_focus: bool) -> None:
        self._changed.set()
        self.told.append(("present", takes_focus))
        self.is_visible, self.has_focus = True, takes_focus

    def hide(self) -> None:
        self._changed.set()
        self.told.append(("hide",))
        self.is_visible = self.has_focus = False

    async def hidden(self) -> None:
        self.hide()

    def render(self, screen: Any) -> None:
        self._changed.set()
        self.screen = screen

    def append(self, run: int, text: str) -> None:
        self._changed.set()
        self.streamed += text

    def offer(self, skills: list[Any], commands: list[Any], *, has_text: bool) -> None:
        self._changed.set()
        self.skills, self.commands = skills, commands

    def type(self, text: str) -> None:
        self._changed.set()
        self.told.append(("type", text))

    def read(self) -> None:
        self._changed.set()
        self.told.append(("read",))

    def copy(self, text: str) -> None:
        self._changed.set()
        self.copied = text
