"""The window as the controller sees it."""

from typing import Protocol

from .choices import Choice
from .screen import Screen


class View(Protocol):
    """The window. Every method returns at once and is carried out in order, in the GLib thread."""

    def present(self, *, takes_focus: bool) -> None: ...

    def hide(self) -> None: ...

    async def hidden(self) -> None:
        """Hide, and wait until it is off the screen."""

    def render(self, screen: Screen) -> None: ...

    def append(self, run: int, text: str) -> None: ...

    def offer(self, skills: list[Choice], commands: list[Choice], *, has_text: bool) -> None: ...

    def type(self, text: str) -> None: ...

    def read(self) -> None:
        """Read the clipboards with the window's own focus, where nobody else may, and tell it."""

    def copy(self, text: str) -> None: ...
