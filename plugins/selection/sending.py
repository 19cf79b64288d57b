"""Giving a value to a program that asked for it: at once, or in pieces (INCR, ICCCM 2.7.2)."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from Xlib import X
from Xlib.protocol import event as xevent

from .connection import Connection
from .offers import Value

PIECE = 200_000
"""Bytes in one request; python-xlib has no BIG-REQUESTS, and 262,140 is the most without."""
MOST_SENDINGS = 64
"""At a time; programs that ask for more and fetch nothing lose the oldest."""


@dataclass
class Sending:
    """A value on its way, from the answer until the program has deleted the property."""

    requestor: Any
    property: int
    value: Value
    done: Callable[[], None]
    sent: int = 0
    is_last_out: bool = False
    since: float = field(default_factory=time.monotonic)


class Sender:
    """All values that are on their way."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._incr = connection.atom("INCR")
        self._sendings: dict[tuple[int, int], Sending] = {}
        connection.handlers.append(self._take)

    def put(self, requestor: Any, name: int, value: Value, done: Callable[[], None]) -> None:
        """Write a value, or the announcement of one, into a property of the asking window."""
        sending = Sending(requestor, name, value, done)
        requestor.change_attributes(event_mask=X.PropertyChangeMask | X.StructureNotifyMask)
        if len(value.data) > PIECE:
            requestor.change_property(name, self._incr, 32, [len(value.data) & 0x7FFFFFFF])
        else:
            self._write(sending, value.data)
            sending.is_last_out = True
        self._sendings.pop((requestor.id, name), None)
        self._sendings[requestor.id, name] = sending
        while len(self._sendings) > MOST_SENDINGS:
            del self._sendings[next(iter(self._sendings))]

    def tell(self, request: Any, name: int) -> None:
        """Answer a request: the property with the value, or `X.NONE` for a refusal."""
        request.requestor.send_event(
            xevent.SelectionNotify(
                time=request.time,
                requestor=request.requestor,
                selection=request.selection,
                target=request.target,
                property=name,
            )
        )
        self._connection.display.flush()

    def _write(self, sending: Sending, data: bytes) -> None:
        kind = self._connection.atom(sending.value.type)
        sending.requestor.change_property(sending.property, kind, sending.value.format, data)

    def _take(self, event: Any) -> None:
        if event.type == X.PropertyNotify and event.state == X.PropertyDelete:
            sending = self._sendings.get((event.window.id, event.atom))
            if sending is not None:
                self._go_on(sending)
        elif event.type == X.DestroyNotify:
            for key in [key for key in self._sendings if key[0] == event.window.id]:
                del self._sendings[key]

    def _go_on(self, sending: Sending) -> None:
        """The program has fetched what was there."""
        if sending.is_last_out:
            self._end(sending)
            return
        piece = sending.value.data[sending.sent : sending.sent + PIECE]
        sending.sent += len(piece)
        sending.is_last_out = not piece  # an empty one says that it was the last
        self._write(sending, piece)
        self._connection.display.flush()

    def _end(self, sending: Sending) -> None:
        del self._sendings[sending.requestor.id, sending.property]
        if not any(key[0] == sending.requestor.id for key in self._sendings):
            sending.requestor.change_attributes(event_mask=X.NoEventMask)
        sending.done()
