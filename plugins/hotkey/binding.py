"""What every back end works on: chords with their actions, how each fares, who is told of a press."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from ingle.sdk import CannotRun
from ingle.sdk.chords import BadChord, Chord, parse, parse_bound

State = Literal["bound", "taken", "waiting"]


class Absent(Exception):
    """This back end is not there on this desktop: the next one is tried. The text says why."""


class Lost(Exception):
    """It has ended, or cannot serve just now: everything is tried anew after a while."""


@dataclass
class Binding:
    """A chord and its action; `reason` says what is not as it was asked for, or None."""

    chord: Chord
    action: str
    backend: str | None = None
    state: State = "waiting"
    reason: str | None = None

    def is_bound(self, backend: str, reason: str | None = None) -> None:
        self.backend, self.state, self.reason = backend, "bound", reason

    def is_taken(self, backend: str, reason: str) -> None:
        self.backend, self.state, self.reason = backend, "taken", reason

    def waits(self, reason: str, backend: str | None = None) -> None:
        self.backend, self.state, self.reason = backend, "waiting", reason

    def as_dict(self) -> dict[str, str | None]:
        """As the command `bindings` gives it."""
        return {
            "chord": str(self.chord),
            "action": self.action,
            "backend": self.backend,
            "state": self.state,
            "reason": self.reason,
        }


@dataclass(frozen=True)
class Desk:
    """What a back end is given. The two functions are called on the loop and return at once."""

    bindings: Sequence[Binding]
    on_press: Callable[[Binding], None]
    on_change: Callable[[], None]
    """The state of a binding is another one."""

    def all_wait(self, reason: str) -> None:
        for binding in self.bindings:
            binding.waits(reason)
        self.on_change()


class Backend(Protocol):
    """Somebody who hears chords."""

    async def serve(self, desk: Desk) -> None:
        """Bind the chords and live until cancelled. Raises `Absent` and `Lost`."""

    async def try_again(self) -> None:
        """Another attempt at chords that were taken, where that makes sense."""


def bindings_of(settings: Mapping[str, Any]) -> tuple[list[Binding], list[Binding]]:
    """What is to be bound, and what cannot be because its chord does something else already.

    Raises `CannotRun` for what is no chord: the daemon has checked the settings, a test may not have.
    """
    try:
        popup = [Binding(parse(settings["popup"]), "popup")] if settings["popup"] else []
        bounds = [parse_bound(each) for each in settings["bindings"]]
    except BadChord as error:
        raise CannotRun(f"the settings of hotkey: {error}") from None
    wanted: dict[Chord, Binding] = {}
    doubled = []
    for binding in popup + [Binding(bound.chord, bound.action) for bound in bounds]:
        first = wanted.setdefault(binding.chord, binding)
        if first is not binding and first.action != binding.action:
            binding.state, binding.reason = "taken", f"your settings give this chord to {first.action}"
            doubled.append(binding)
    return list(wanted.values()), doubled
