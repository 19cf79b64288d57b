"""What is held back, by whom and why: counting only, with a timer where a hold is to fade.

Several may hold the same thing for reasons of their own; it is free when the last one has let go.
A hold ends when its holder releases it or goes away, and when the person says that all goes on.
"""

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Protocol

from ingle.errors import Busy
from ingle.vocabulary import Holdable
from ingle.wire.calls.daemon import HoldInfo

MOST = 64
"""Holds at a time: nobody has so many reasons."""


class Timer(Protocol):
    """What `Later` gives."""

    def cancel(self) -> None:
        """Do not do it."""


Later = Callable[[float, Callable[[], None]], Timer]
"""Does something after so many seconds."""


def _later(seconds: float, act: Callable[[], None]) -> Timer:
    return asyncio.get_running_loop().call_later(seconds, act)


@dataclass(frozen=True)
class Holder:
    """`mark` tells holders apart, `name` is for a person."""

    mark: object
    name: str


PERSON = Holder("person", "you")

Key = tuple[object, Holdable, str]


class Holds:
    """`on_change` is told after each change; it looks at what is held now."""

    def __init__(self, on_change: Callable[[], None], later: Later = _later) -> None:
        self._on_change, self._later = on_change, later
        self._names: dict[Key, str] = {}
        self._timers: dict[Key, Timer] = {}

    # ---- changes

    def take(self, what: Holdable, reason: str, holder: Holder) -> None:
        """Hold it; what was about to fade is held anew. Raises `Busy`."""
        key = (holder.mark, what, reason)
        if key not in self._names and len(self._names) >= MOST:
            raise Busy(f"{len(self._names)} holds are in place")
        self._stop_fading(key)
        self._names[key] = holder.name
        self._on_change()

    def release(self, what: Holdable, reason: str, holder: Holder, after_s: float = 0.0) -> None:
        """Let go, or have it fade; nothing happens where nothing is held."""
        key = (holder.mark, what, reason)
        if key not in self._names:
            return
        self._stop_fading(key)
        if after_s:
            self._timers[key] = self._later(after_s, lambda: self._end([key]))
            self._on_change()
        else:
            self._end([key])

    def drop(self, holder: Holder) -> None:
        """The holder is gone, and with it all that it held."""
        self._end([key for key in self._names if key[0] == holder.mark])

    def end_fading(self, what: Holdable) -> None:
        """It is needed now: what would end soon ends at once."""
        self._end([key for key in self._timers if key[1] == what])

    def lift(self) -> None:
        """The person says that all goes on."""
        self._end(list(self._names))

    def _end(self, keys: list[Key]) -> None:
        for key in keys:
            self._stop_fading(key)
            del self._names[key]
        if keys:
            self._on_change()

    def _stop_fading(self, key: Key) -> None:
        timer = self._timers.pop(key, None)
        if timer is not None:
            timer.cancel()

    # ---- how it is

    def why(self, *what: Holdable) -> str:
        """The reasons why any of `what` is held, in the order they came; empty when none is."""
        return _listed(key for key in self._names if key[1] in what)

    def why_firmly(self, what: Holdable) -> str:
        """The same without what is fading."""
        return _listed(key for key in self._names if key[1] == what and key not in self._timers)

    def is_held_by(self, holder: Holder, what: Holdable) -> bool:
        return any(key[:2] == (holder.mark, what) for key in self._names)

    def list(self) -> list[HoldInfo]:
        return [HoldInfo(what=what, reason=why, by=by) for (_, what, why), by in self._names.items()]


def _listed(keys: Iterable[Key]) -> str:
    return ", ".join(dict.fromkeys(reason for _, _, reason in keys))
