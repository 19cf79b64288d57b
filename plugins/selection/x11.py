"""The selection on X11: asyncio on one side, the worker's thread on the other."""

from typing import Any

from . import taking, undoing
from .desk import XDesk
from .fitting import fitted, for_terminal
from .memory import Replacement
from .taking import Taken, Wish
from .transaction import NotDone, replace
from .worker import Worker


class X11:
    """A `Backend` over a worker that is connected."""

    def __init__(self, worker: Worker) -> None:
        self._worker = worker

    async def take(self, wish: Wish) -> Taken:
        return await self._worker.call(lambda desk: taking.take(desk, wish))

    async def replace(self, taken: Taken, text: str) -> Replacement:
        return await self._worker.call(lambda desk: _replace(desk, taken, text))

    async def undo(self, replacement: Replacement) -> None:
        await self._worker.call(lambda desk: _undo(desk, replacement))

    async def where(self) -> dict[str, Any]:
        return await self._worker.call(_where)


def _replace(desk: XDesk, taken: Taken, text: str) -> Replacement:
    place = taken.place
    if place is None:
        raise NotDone(taking.NOWHERE)
    chord = taking.chord_of(place)
    if chord is None:
        raise NotDone(taking.why_not(place) or taking.NOWHERE)
    is_selected = taken.source in {"primary", "copied"} and desk.windows.is_there(place)
    old = taken.text if is_selected and taken.why_not is None else ""
    if taking.is_terminal(place):
        line = for_terminal(fitted(text, ""))
        if line is None:
            raise NotDone("a terminal would run a text of several lines: copy it instead")
        replace(desk, place, line, chord, None)
        return Replacement(place, line, old)
    new = fitted(text, old)
    selected = old if old and taken.source == "primary" else None
    replace(desk, place, new, chord, selected)
    return Replacement(place, new, old)


def _undo(desk: XDesk, replacement: Replacement) -> None:
    place = replacement.place
    chord = taking.chord_of(place)
    if chord is None or taking.is_terminal(place):
        raise NotDone("a terminal does not give back what was put into it")
    undoing.undo(desk, place, replacement.new, replacement.old, chord)


def _where(desk: XDesk) -> dict[str, Any]:
    pointer = desk.connection.root.query_pointer()
    place = desk.windows.place()
    return {
        "pointer": [int(pointer.root_x), int(pointer.root_y)],
        "window": place.window if place else 0,
    }
