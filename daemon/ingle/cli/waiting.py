"""What a person sees while an answer is awaited: that something happens, and what."""

from pathlib import Path

from ingle.cli.output import Output
from ingle.client import Ingle
from ingle.errors import IngleError
from ingle.vocabulary import EngineState
from ingle.wire.calls.daemon import StatusResult

FRAMES = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"
LOOK_EVERY = 10
"""Ticks between two looks at the state: about a second."""


class Waiting:
    """A spinner for `Ingle(on_wait=...)`; it asks how things are on a connection of its own."""

    def __init__(self, output: Output, socket_path: Path) -> None:
        self._output, self._socket_path = output, socket_path
        self._ticks = 0
        self._what = "waiting"

    def tick(self) -> None:
        if self._ticks % LOOK_EVERY == 0:
            self._what = self._look()
        frame = FRAMES[self._ticks % len(FRAMES)]
        self._ticks += 1
        self._output.progress(f"{frame} {self._what}")

    def _look(self) -> str:
        try:
            with Ingle(self._socket_path) as ingle:
                return describe(ingle.status())
        except IngleError:
            return self._what


def describe(status: StatusResult) -> str:
    """The reason for the wait in a few words."""
    engine = status.engine
    share = f" {engine.progress:.0%}" if engine.progress else ""
    if engine.twin:
        return f"{engine.twin} answers while {engine.model} is {engine.state}{share}"
    if engine.next and engine.state is EngineState.READY:
        return f"loading {engine.next}{share}; {engine.model} answers until it is ready"
    match engine.state:
        case EngineState.READY:
            others = status.queue.interactive + status.queue.normal - 1
            return "thinking" if others < 1 else f"thinking ({others} more at work)"
        case EngineState.STARTING | EngineState.LOADING | EngineState.ABSENT:
            return f"loading {engine.next or engine.model or 'the model'}{share}"
        case _:
            return f"the model is {engine.state}: {engine.reason or 'no reason given'}"
