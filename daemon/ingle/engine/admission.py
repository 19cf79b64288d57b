"""How many requests may wait for the engine, and the pause of background work: counting only.

It knows priorities, not requests: `client` enters and leaves for each of them.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from ingle.errors import Busy, Paused
from ingle.vocabulary import Priority
from ingle.wire.calls.daemon import QueueStatus

RESERVED = 8
"""Places that only an interactive request gets: a person is not turned away by their own scripts."""


class Admission:
    """At most `limit` requests at a time; those beyond are answered `busy`."""

    def __init__(self, limit: int, on_activity: Callable[[bool], None] = lambda _: None) -> None:
        """`on_activity` hears True from the first request that enters, False when the last has left."""
        self._limit, self._on_activity = limit, on_activity
        self._counts: dict[Priority, int] = {"interactive": 0, "normal": 0, "background": 0}
        self._background: dict[object, Callable[[], None]] = {}
        self.why_paused = ""
        """In words for a person; empty while background work goes on."""

    @contextmanager
    def enter(self, priority: Priority, on_pause: Callable[[], None]) -> Iterator[None]:
        """Be counted until the block is left; `on_pause` has to end a background request.

        Raises `Busy`, and `Paused` for background work while it is paused.
        """
        self._check(priority)
        place = object()
        self._count(priority, 1)
        if priority == "background":
            self._background[place] = on_pause
        try:
            yield
        finally:
            self._background.pop(place, None)
            self._count(priority, -1)

    def _count(self, priority: Priority, change: int) -> None:
        was_busy = any(self._counts.values())
        self._counts[priority] += change
        is_busy = any(self._counts.values())
        if is_busy != was_busy:
            self._on_activity(is_busy)

    def _check(self, priority: Priority) -> None:
        if priority == "background" and self.why_paused:
            raise Paused(f"background work waits: {self.why_paused}")
        reserved = 0 if priority == "interactive" else min(RESERVED, self._limit // 2)
        waiting = sum(self._counts.values())
        if waiting >= self._limit - reserved:
            raise Busy(f"{waiting} requests are waiting for the model")

    def pause(self, reason: str = "paused") -> None:
        """End the background requests there are and refuse new ones."""
        self.why_paused = reason
        for end in list(self._background.values()):
            end()

    def resume(self) -> None:
        self.why_paused = ""

    def queue(self) -> QueueStatus:
        return QueueStatus(**self._counts)
