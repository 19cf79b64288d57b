"""One word for the whole, from the parts, with its reason; told when it changes."""

from typing import Any

import pytest

from ingle.server.aside import Aside
from ingle.server.overview import Overview, state_of
from ingle.vocabulary import EngineState, Topic
from ingle.wire.calls.daemon import EngineStatus


@pytest.mark.parametrize(
    ("engine", "warnings", "paused", "aside", "word"),
    [
        (EngineState.READY, [], False, False, "ready"),
        (EngineState.PARKED, [], False, False, "ready"),
        (EngineState.PARKED, [], False, True, "aside"),
        (EngineState.PARKED, ["x"], True, True, "paused"),
        (EngineState.LOADING, [], False, False, "starting"),
        (EngineState.FAILED, [], False, False, "degraded"),
        (EngineState.ABSENT, [], False, False, "degraded"),
        (EngineState.READY, ["a CPU-only build beside a GPU"], False, False, "degraded"),
        (EngineState.FAILED, ["x"], True, False, "paused"),
    ],
)
def test_the_worst_that_a_person_should_know_is_said(
    engine: EngineState, warnings: list[str], paused: bool, aside: bool, word: str
) -> None:
    status = EngineStatus(state=engine)
    assert state_of(status, warnings, is_paused=paused, is_aside=aside) == word


class Parts:
    """A model that moves at once, and warnings that a test sets."""

    def __init__(self) -> None:
        self.found: list[str] = []
        self.events: list[tuple[str, str | None, str | None]] = []
        self.aside = Aside(self, [], [], lambda: self.overview.tell())
        self.overview = Overview([self], self.aside, self.publish)

    async def park(self, reason: str) -> None:
        self.overview.hear(EngineStatus(state=EngineState.PARKED, reason=reason))

    async def unpark(self, resting: str = "") -> None:
        self.overview.hear(EngineStatus(state=EngineState.READY))

    def warnings(self) -> list[str]:
        return self.found

    def publish(self, topic: Topic, name: str, data: dict[str, Any]) -> None:
        assert (topic, name) == ("engine", "daemon.state")
        self.events.append((data["state"], data["reason"], data["held"]))


async def test_every_change_is_told_once_with_its_reason() -> None:
    parts = Parts()
    parts.overview.hear(EngineStatus(state=EngineState.READY))
    parts.overview.tell()
    await parts.aside.park("game")
    await parts.aside.pause()
    await parts.aside.resume()
    assert parts.events == [
        ("ready", "", None),
        ("aside", "game", "game"),
        ("aside", "game", "game, paused by you"),
        ("paused", "paused by you", "game, paused by you"),
        ("ready", "", None),
    ]


async def test_a_warning_is_the_reason_of_what_is_degraded() -> None:
    parts = Parts()
    parts.found = ["the GPU is gone"]
    parts.overview.hear(EngineStatus(state=EngineState.READY))
    parts.overview.hear(EngineStatus(state=EngineState.FAILED, reason="it died"))
    assert [event[:2] for event in parts.events] == [
        ("degraded", "the GPU is gone"),
        ("degraded", "it died"),
    ]
