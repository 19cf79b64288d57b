"""One connection to the X server for one thread: atoms, events to their handlers, waiting.

python-xlib blocks, so all of this lives in a thread of its own (`worker`). Only events wake it.
"""

import logging
import select
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from Xlib import X, Xatom, display, error

log = logging.getLogger(__name__)

LOOK_AGAIN_S = 0.02
"""While something is waited for: not everything that is waited for makes an event."""

GONE = (error.ConnectionClosedError, error.DisplayError, OSError)
"""What python-xlib raises when the server has ended."""

Handler = Callable[[Any], None]


class ServerGone(Exception):
    """The X server has closed the connection, or was never there."""


class Connection:
    """Raises one of `GONE` anywhere when the server ends; `worker` makes `ServerGone` of it."""

    def __init__(self) -> None:
        self.display = display.Display()
        self.display.set_error_handler(_ignore)
        self.root = self.display.screen().root
        self.home = self.new_window()
        self.handlers: list[Handler] = [self._take_mapping]
        self._names: dict[int, str] = {}
        self._id_mask = ~int(self.display.display.info.resource_id_mask)

    def close(self) -> None:
        with suppress(*GONE):
            self.display.close()

    # ---- names

    def atom(self, name: str) -> int:
        return int(self.display.intern_atom(name))

    def name(self, atom: int) -> str:
        """The name of an atom; empty for a number that is none."""
        if atom not in self._names:
            try:
                self._names[atom] = str(self.display.get_atom_name(atom))
            except error.BadAtom:
                return ""
        return self._names[atom]

    def client_of(self, xid: int) -> int:
        """The part of an id that says whose connection made it."""
        return xid & self._id_mask

    def new_window(self) -> Any:
        return self.root.create_window(
            -1, -1, 1, 1, 0, X.CopyFromParent, event_mask=X.PropertyChangeMask
        )

    # ---- events

    def pump(self) -> None:
        """Everything that has arrived goes to the handlers, and what they have to say to the server."""
        self.display.flush()
        while self.display.pending_events():
            event = self.display.next_event()
            for handle in self.handlers:
                self._hand(event, handle)
            self.display.flush()  # it reads, too: looking for events has to be the last thing

    def _hand(self, event: Any, handle: Handler) -> None:
        try:
            handle(event)
        except error.XError as problem:  # whoever asked has gone meanwhile
            _ignore(problem, None)

    def until(self, is_so: Callable[[], bool], within_s: float) -> bool:
        """Take events until it is so; False when it is not so in time."""
        end = time.monotonic() + within_s
        while True:
            self.pump()
            if is_so():
                return True
            left = end - time.monotonic()
            if left <= 0:
                return False
            select.select([self.display.fileno()], [], [], min(left, LOOK_AGAIN_S))

    def rest(self, wake: Any) -> None:
        """Wait until the server or somebody at `wake` has something to say."""
        self.pump()
        select.select([self.display.fileno(), wake], [], [])

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Nobody else's requests are looked at meanwhile: what is checked in here stays true in here.

        It must not wait for another program.
        """
        self.display.grab_server()
        try:
            self.sync()  # from here on
            yield
        finally:
            self.display.ungrab_server()
            self.sync()

    def sync(self) -> None:
        """Wait until the server has done everything; then take what it had to say before that."""
        self.display.sync()
        self.pump()

    def now(self) -> int:
        """The server's clock, as events have it: what an append of nothing is stamped with."""
        times: list[int] = []
        mark = self.atom("INGLE_CLOCK")

        def take(event: Any) -> None:
            if event.type == X.PropertyNotify and event.window == self.home and event.atom == mark:
                times.append(int(event.time))

        self.handlers.append(take)
        try:
            self.home.change_property(mark, Xatom.STRING, 8, b"", X.PropModeAppend)
            self.sync()
        finally:
            self.handlers.remove(take)
        return times[-1] if times else X.CurrentTime

    def _take_mapping(self, event: Any) -> None:
        if event.type == X.MappingNotify:
            self.display.refresh_keyboard_mapping(event)


def _ignore(problem: Any, request: Any) -> None:
    """An error of a request without an answer: somebody's window has gone meanwhile."""
    log.debug("X error: %s", type(problem).__name__)
