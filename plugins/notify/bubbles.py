"""What is shown, and which notification on the screen is which. Pure.

The server gives every notification an id. One with a key takes the place of the one before with
that key; the buttons of all that are still there find their way back by the id.
"""

from dataclasses import dataclass, replace
from typing import Literal

MOST = 50
"""On the screen or in the desktop's list; of more, the oldest buttons are not answered."""

Urgency = Literal["low", "normal", "critical"]


@dataclass(frozen=True)
class Bubble:
    """A notification: plain texts; `result` is the id of the result that its buttons are about, and
    `note` what has to be said however long the text is."""

    title: str
    text: str
    key: str = ""
    urgency: Urgency = "normal"
    result: str = ""
    note: str = ""


class Screen:
    """The notifications that are there, by the ids of one server."""

    def __init__(self) -> None:
        self._shown: dict[int, Bubble] = {}

    def replaced_by(self, key: str) -> int:
        """The notification whose place is taken; 0 is none."""
        same = (id_ for id_, bubble in self._shown.items() if key and bubble.key == key)
        return next(same, 0)

    def put(self, id_: int, bubble: Bubble) -> None:
        self._shown.pop(id_, None)
        self._shown[id_] = replace(bubble, text="")  # who wants it again asks the daemon
        while len(self._shown) > MOST:
            del self._shown[next(iter(self._shown))]

    def get(self, id_: int) -> Bubble | None:
        return self._shown.get(id_)

    def drop(self, id_: int) -> None:
        """It was closed: the next one with its key is a new one."""
        self._shown.pop(id_, None)

    def clear(self) -> None:
        """The server has gone: the ids of the next one mean other notifications."""
        self._shown.clear()
