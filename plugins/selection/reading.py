"""Reading a selection of another program, in any form and size (ICCCM 2.4 and 2.7)."""

import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from Xlib import X

from ingle.sdk.marks import is_secret

from . import offers
from .connection import Connection
from .offers import Value
from .watching import Watch

ANSWER_S = 2.0
"""For an owner to answer, and between two pieces of a long answer."""
TEXT_S = 5.0
"""For a whole selected text."""
SLICE = 1 << 20
"""Bytes asked of the server at once."""
MOST_TARGETS = 256
MOST_RETIRED = 8
"""Windows of questions that were given up, kept for late answers."""


class NotReadable(Exception):
    """It is not read; the text says why, without a word of what was copied."""


class Secret(NotReadable):
    """A password manager says with a mark that nobody may read this."""


@dataclass
class Budget:
    """What may still be spent on reading."""

    size: int
    end: float
    """By `time.monotonic`."""

    @classmethod
    def of(cls, size: int, seconds: float) -> "Budget":
        return cls(size, time.monotonic() + seconds)

    def left_s(self, most: float) -> float:
        return max(0.0, min(most, self.end - time.monotonic()))

    def take(self, size: int) -> None:
        self.size -= size
        if self.size < 0:
            raise NotReadable("it is too large")


class Reader:
    """Asks owners. Each question has a window of its own, so that a late answer meets nobody."""

    def __init__(self, connection: Connection, watch: Watch) -> None:
        self._connection, self._watch = connection, watch
        self._property = connection.atom("INGLE")
        self._events: list[Any] = []
        self._window: Any = None
        self._retired: deque[Any] = deque()
        connection.handlers.append(self._take)

    def owner(self, selection: str) -> int:
        """The owner's window; 0 for nobody."""
        found = self._connection.display.get_selection_owner(self._connection.atom(selection))
        return int(getattr(found, "id", found))

    def targets(self, selection: str, budget: Budget | None = None) -> list[str]:
        """What is offered. Raises `NotReadable`, and `Secret` for what is marked as one."""
        value = self.value(selection, "TARGETS", budget or Budget.of(4 * MOST_TARGETS, ANSWER_S))
        if value is None or value.format != 32:
            raise NotReadable("its owner does not say what it is")
        atoms = memoryview(value.data).cast("I")
        names = [name for name in map(self._connection.name, atoms) if name]
        if is_secret(names):
            raise Secret("it is marked as secret")
        return list(dict.fromkeys(names))

    def text(self, selection: str, most: int) -> str:
        """The text; empty where none is offered or nobody owns it. Raises `NotReadable`."""
        if not self.owner(selection):
            return ""
        offered = self.targets(selection)
        target = next((name for name in offers.TEXT if name in offered), None)
        if target is None:
            return ""
        value = self.value(selection, target, Budget.of(most, TEXT_S))
        self.targets(selection)  # a mark may come after the text (CopyQ#2802)
        return (offers.decode(value, target) if value else None) or ""

    def value(self, selection: str, target: str, budget: Budget) -> Value | None:
        """One form; None when the owner does not give it. Raises `NotReadable`."""
        with self._question(selection, target) as window:
            answer = self._next(lambda e: e.type == X.SelectionNotify, budget)
            if answer.property == X.NONE:
                return None
            first = self._fetch(window, budget)
            if first is None:
                return None
            return self._pieces(window, budget) if first.type == "INCR" else first

    @contextmanager
    def _question(self, selection: str, target: str) -> Iterator[Any]:
        connection = self._connection
        self._window, self._events = connection.new_window(), []
        names = (connection.atom(selection), connection.atom(target), self._property)
        self._window.convert_selection(*names, X.CurrentTime)
        try:
            yield self._window
        except BaseException:
            self._retire(self._window)
            raise
        else:
            self._window.destroy()
        finally:
            self._window = None

    def _retire(self, window: Any) -> None:
        """An owner in the middle of sending might not survive that the window vanishes."""
        self._retired.append(window)
        if len(self._retired) > MOST_RETIRED:
            self._retired.popleft().destroy()

    def _take(self, event: Any) -> None:
        window = getattr(event, "requestor", getattr(event, "window", None))
        if self._window is not None and window == self._window:
            self._events.append(event)

    def _next(self, matches: Any, budget: Budget) -> Any:
        ends = self._watch.ends

        def has_one() -> bool:
            while self._events and not matches(self._events[0]):
                self._events.pop(0)
            return bool(self._events) or self._watch.ends != ends

        is_in_time = self._connection.until(has_one, budget.left_s(ANSWER_S))
        if self._events:
            return self._events.pop(0)
        raise NotReadable("its owner has gone" if is_in_time else "its owner does not answer")

    def _fetch(self, window: Any, budget: Budget) -> Value | None:
        """The property, in slices, and its deletion."""
        whole, kind, width, offset = bytearray(), 0, 8, 0
        while True:
            part = window.get_property(self._property, X.AnyPropertyType, offset // 4, SLICE // 4)
            if part is None:
                return None
            data = bytes(part.value) if part.format == 8 else part.value.tobytes()
            budget.take(len(data))
            whole += data
            kind, width, offset = part.property_type, part.format, offset + len(data)
            if not part.bytes_after:
                break
        if self._connection.name(kind) != "INCR":
            window.delete_property(self._property)
        return Value(self._connection.name(kind), width, bytes(whole))

    def _pieces(self, window: Any, budget: Budget) -> Value:
        """INCR (ICCCM 2.7.2): deleting the property asks for the next piece, an empty one ends it."""

        def is_next(event: Any) -> bool:
            return bool(
                event.type == X.PropertyNotify
                and event.atom == self._property
                and event.state == X.PropertyNewValue
            )

        self._events.clear()
        window.delete_property(self._property)
        whole, kind, width = bytearray(), "", 8
        while True:
            self._next(is_next, budget)
            piece = self._fetch(window, budget)
            if piece is None or not piece.data:
                return Value(kind or (piece.type if piece else "STRING"), width, bytes(whole))
            whole += piece.data
            kind, width = piece.type, piece.format
