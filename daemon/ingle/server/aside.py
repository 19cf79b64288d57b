"""What steps back while something is held: the model, background work, the plugins that watch.

What the person does by hand (`daemon.pause`, `model.park`) is a hold like the others, and no other
holder ends it; the person's `daemon.resume` ends all holds there are, whosever they are.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from ingle.engine.holds import PERSON, Holder, Holds
from ingle.rpc.dispatcher import Caller
from ingle.vocabulary import EngineState, Holdable
from ingle.wire.calls.daemon import EngineStatus

log = logging.getLogger(__name__)

PAUSED = "paused by you"
OVER = "{} is over; the next request loads it"
"""Why a model rests that may come back."""


class Model(Protocol):
    """The part of `Supervisor` that is needed here."""

    async def park(self, reason: str) -> None:
        """Returns when its memory is free."""

    async def unpark(self, resting: str = "") -> None:
        """Come back; with `resting`, a reason, by the next request."""


class Pausable(Protocol):
    """Something that stops at once. A second `pause` brings another reason."""

    def pause(self, reason: str) -> None: ...
    def resume(self) -> None: ...


@dataclass
class _Switch:
    """Parts that are paused and resumed together."""

    parts: Sequence[Pausable]
    why: str = ""

    def turn(self, why: str) -> None:
        was, self.why = self.why, why
        for part in self.parts if why != was else ():
            if why:
                part.pause(why)
            else:
                part.resume()


class Aside:
    """Holds, and what follows from them. `on_change` is told after each change."""

    def __init__(
        self,
        model: Model,
        background: Sequence[Pausable],
        watching: Sequence[Pausable],
        on_change: Callable[[], None],
    ) -> None:
        self.holds = Holds(self._apply)
        self._model, self._on_change = model, on_change
        self._background, self._watching = _Switch(background), _Switch(watching)
        self._wanted = ("", "")
        self._move: asyncio.Task[None] | None = None
        self._moves: set[asyncio.Task[None]] = set()
        self._known: set[object] = set()

    # ---- the person's switches

    async def pause(self) -> None:
        """Plugins that watch stop at once, and background work; what is asked is still answered."""
        self.holds.take("background", PAUSED, PERSON)
        self.holds.take("watching", PAUSED, PERSON)

    async def park(self, reason: str) -> None:
        """Returns when the model's memory is free."""
        former = [hold.reason for hold in self.holds.list() if (hold.by, hold.what) == ("you", "model")]
        await self._take("model", reason, PERSON)
        for other in former:
            if other != reason:
                self.holds.release("model", other, PERSON)

    async def resume(self) -> None:
        """All goes on, also what was held for other reasons, and an engine that gave up."""
        self.holds.lift()
        await self._settled()
        await self._model.unpark()

    # ---- for others

    async def hold(self, what: Holdable, reason: str, caller: Caller) -> None:
        """Hold until `release`, or until the caller's connection ends; a model is gone then."""
        holder = _holder(caller)
        if holder.mark not in self._known:
            self._known.add(holder.mark)
            caller.on_close(lambda: self._forget(holder))
        await self._take(what, reason, holder)

    async def release(self, what: Holdable, reason: str, caller: Caller, after_s: float) -> None:
        """Let go of what this caller holds, at once or after so many seconds."""
        self.holds.release(what, reason, _holder(caller), after_s)

    def hear(self, engine: EngineStatus) -> None:
        """A request has woken the model before its time."""
        if engine.state is not EngineState.PARKED and not self.holds.why_firmly("model"):
            self.holds.end_fading("model")

    def _forget(self, holder: Holder) -> None:
        self._known.discard(holder.mark)
        self.holds.drop(holder)

    # ---- how it is

    @property
    def is_paused(self) -> bool:
        """By the person."""
        return self.holds.is_held_by(PERSON, "watching")

    @property
    def held(self) -> str | None:
        """Why background work waits."""
        return self._background.why or None

    # ---- what follows

    async def _take(self, what: Holdable, reason: str, holder: Holder) -> None:
        self.holds.take(what, reason, holder)
        await self._settled()

    async def _settled(self) -> None:
        """Wait until the model is where it is wanted."""
        if self._move is not None:
            await asyncio.shield(self._move)

    def _apply(self) -> None:
        self._background.turn(self.holds.why("background", "model"))
        self._watching.turn(self.holds.why("watching"))
        parked, resting = self.holds.why_firmly("model"), self.holds.why("model")
        wanted = (parked, "" if parked else resting)
        if wanted == self._wanted:
            self._on_change()
            return
        was_parked, self._wanted = bool(self._wanted[0]), wanted
        self._move = asyncio.ensure_future(self._move_model(*wanted, was_parked))
        self._moves.add(self._move)
        self._move.add_done_callback(self._moves.discard)

    async def _move_model(self, parked: str, resting: str, was_parked: bool) -> None:
        try:
            if parked:
                await self._model.park(parked)
            else:
                await self._model.unpark(OVER.format(resting) if resting else "")
            if parked or not was_parked:  # else the engine tells as soon as it is parked no more
                self._on_change()
        except TimeoutError:
            log.warning("the engine's process is still there after it was told to end")


def _holder(caller: Caller) -> Holder:
    return Holder(caller, caller.name)
