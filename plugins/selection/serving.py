"""Owning selections: who gets which text.

While a text is being pasted it is given to one program only. Everybody else sees that there is
something, marked as ours and as nobody's business, and gets none of it: a chord that went astray
pastes nothing. Afterwards the selection holds again what it held.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from Xlib import X, Xatom

from ingle.sdk.marks import OWN

from .connection import Connection
from .held import Held
from .offers import Offer, Value
from .sending import Sender

KEEP_OUT = "x-kde-passwordManagerHint"
"""On a text that is being pasted: clipboard histories leave it out."""
OWED_S = 30.0
"""How long a program that was asked to paste and never did may still come for it."""


@dataclass(frozen=True)
class Holding:
    """What is offered from some moment of the server's clock on."""

    offer: Offer
    since: int
    is_for: Callable[[int], bool] | None = None
    """For windows of which this is true only; None: for everybody."""


class Server:
    """The owner of the selections that are ours just now."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._sender = Sender(connection)
        self._now: dict[str, Holding] = {}
        self._before: dict[str, Holding] = {}
        self._owed: dict[str, float] = {}
        self.fetched: list[float] = []
        """When a text for one program only was fetched, by `time.monotonic`."""
        self.given: list[float] = []
        """When such a text was handed out."""
        self.held = Held()
        connection.handlers.append(self._take)

    def is_ours(self, selection: str) -> bool:
        found = self._connection.display.get_selection_owner(self._connection.atom(selection))
        return bool(found != X.NONE and found == self._connection.home)

    def holds(self, selection: str) -> Offer | None:
        """What we offer; None when we own nothing there."""
        holding = self._now.get(selection)
        return holding.offer if holding else None

    def holds_anything(self) -> bool:
        return bool(self._now)

    def own(self, selection: str, offer: Offer, is_for: Callable[[int], bool] | None = None) -> None:
        """Take a selection, or go on owning it with another offer."""
        before = self._now.get(selection)
        since = self._connection.now()
        if before is not None and before.is_for is not None:
            self._before[selection] = before
        if is_for is not None:
            self._before.pop(selection, None)
            self.fetched.clear()
            self.given.clear()
        self._now[selection] = Holding(offer, since, is_for)
        self.held.set(True)
        self._connection.home.set_selection_owner(self._connection.atom(selection), since)

    def clear(self, selection: str) -> None:
        """Leave a selection without an owner, whoever owns it."""
        self._forget(selection)
        from Xlib.protocol.request import SetSelectionOwner  # noqa: PLC0415 - a window cannot say NONE

        SetSelectionOwner(
            display=self._connection.display.display,
            window=X.NONE,
            selection=self._connection.atom(selection),
            time=X.CurrentTime,
        )
        self._connection.display.flush()

    def owe(self, selection: str) -> None:
        """The program did not come for its text. If it does after all, it gets nothing instead of
        what has been put back meanwhile."""
        self._owed[selection] = time.monotonic() + OWED_S
        if before := self._before.get(selection):
            self._before[selection] = replace(before, offer=Offer())

    # ---- requests

    def _take(self, event: Any) -> None:
        if event.type == X.SelectionRequest:
            self._answer(event)
        elif event.type == X.SelectionClear:
            self._lose(self._connection.name(event.atom))

    def _lose(self, selection: str) -> None:
        if not self.is_ours(selection):  # else it was taken back meanwhile
            self._forget(selection)

    def _forget(self, selection: str) -> None:
        self._now.pop(selection, None)
        self._before.pop(selection, None)
        self.held.set(bool(self._now))

    def _answer(self, request: Any) -> None:
        name = request.property or request.target  # clients from before 1988 name none
        if self._connection.name(request.target) == "MULTIPLE":
            is_done = bool(request.property) and self._put_several(request)
        else:
            is_done = self._put(request, request.target, name)
        self._sender.tell(request, name if is_done else X.NONE)

    def _put_several(self, request: Any) -> bool:
        """MULTIPLE: pairs of target and property; what is refused is replaced by none."""
        asked = request.requestor.get_full_property(request.property, X.AnyPropertyType)
        if asked is None or asked.format != 32:
            return False
        pairs = list(asked.value)
        for at in range(0, len(pairs) - 1, 2):
            if not self._put(request, pairs[at], pairs[at + 1]):
                pairs[at + 1] = X.NONE
        kind = self._connection.atom("ATOM_PAIR")
        request.requestor.change_property(request.property, kind, 32, pairs)
        return True

    def _put(self, request: Any, target: int, name: int) -> bool:
        """Write what is asked for into a property; False refuses."""
        selection = self._connection.name(request.selection)
        holding = self._holding(selection, int(request.time))
        if holding is None:
            return False
        is_welcome = holding.is_for is None or holding.is_for(request.requestor.id)
        kind = self._connection.name(target)
        meta = self._about(holding, kind, is_welcome=is_welcome)
        if meta is not None:
            request.requestor.change_property(name, *meta)
            return True
        value = holding.offer.values.get(kind)
        if value is None or not is_welcome or self._is_owed(selection, holding, request):
            return False
        self._send(request, name, value, holding)
        return True

    def _send(self, request: Any, name: int, value: Value, holding: Holding) -> None:
        if holding.is_for is not None:
            self.given.append(time.monotonic())
        is_pasted = holding.is_for is not None

        def done() -> None:
            if is_pasted:
                self.fetched.append(time.monotonic())

        self._sender.put(request.requestor, name, value, done)

    def _about(self, holding: Holding, kind: str, *, is_welcome: bool) -> tuple[int, int, Any] | None:
        """Type, format and data of an answer that everybody gets."""
        if kind == "TARGETS":
            names = ["TARGETS", "MULTIPLE", "TIMESTAMP", OWN]
            names += [KEEP_OUT] if holding.is_for else []
            names += list(holding.offer.values) if is_welcome else []
            return Xatom.ATOM, 32, [self._connection.atom(each) for each in names]
        if kind == "TIMESTAMP":
            return Xatom.INTEGER, 32, [holding.since]
        if kind == OWN or (kind == KEEP_OUT and holding.is_for):
            return Xatom.STRING, 8, b"secret" if kind == KEEP_OUT else b""
        return None

    def _holding(self, selection: str, at: int) -> Holding | None:
        """What is asked for by a request that was caused at some moment (ICCCM 2.2): a paste that
        began while a text was being pasted gets that text, however late it comes."""
        now, before = self._now.get(selection), self._before.get(selection)
        if now is None or at == X.CurrentTime:
            return now
        if before is not None and _is_after(at, before.since) and not _is_after(at, now.since):
            return before
        if now.is_for is not None and not _is_after(at, now.since):
            return None
        return now

    def _is_owed(self, selection: str, holding: Holding, request: Any) -> bool:
        """Whether this is the late answer to a chord that was given up."""
        before, until = self._before.get(selection), self._owed.get(selection, 0.0)
        if holding.is_for is not None or time.monotonic() > until or before is None:
            return False
        if before.is_for is None or not before.is_for(request.requestor.id):
            return False
        del self._owed[selection]
        return True


def _is_after(one: int, other: int) -> bool:
    """The server's clock has 32 bits of milliseconds and begins again after 49 days."""
    return ((one - other) & 0xFFFFFFFF) < 0x80000000
