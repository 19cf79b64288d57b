"""What follows from holds: who is paused and where the model is, in whatever order they come."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from ingle.engine.holds import Holds
from ingle.server import aside
from ingle.server.aside import Aside
from ingle.vocabulary import EngineState
from ingle.wire.calls.daemon import EngineStatus


class Model:
    """Writes down what it is told; parking takes until `gone` is set."""

    def __init__(self) -> None:
        self.told: list[str] = []
        self.asked, self.gone = asyncio.Event(), asyncio.Event()
        self.gone.set()

    async def park(self, reason: str) -> None:
        self.told.append(f"park: {reason}")
        self.asked.set()
        await self.gone.wait()

    async def unpark(self, resting: str = "") -> None:
        self.told.append(f"rest: {resting}" if resting else "come")


class Part:
    def __init__(self) -> None:
        self.told: list[str] = []

    def pause(self, reason: str) -> None:
        self.told.append(reason)

    def resume(self) -> None:
        self.told.append("on")


class Connection:
    """A caller as the dispatcher hands it over."""

    grants: frozenset[str] | None = frozenset({"power"})

    def __init__(self, name: str = "plugin power") -> None:
        self.name = name
        self.closing: list[Callable[[], None]] = []

    def on_close(self, callback: Callable[[], None]) -> None:
        self.closing.append(callback)

    async def notify(self, method: str, params: Any) -> None: ...

    def close(self) -> None:
        for callback in self.closing:
            callback()


class Stage:
    def __init__(self) -> None:
        self.model, self.background, self.watching = Model(), Part(), Part()
        self.told: list[str | None] = []
        self.aside = Aside(self.model, [self.background], [self.watching], self.tell)
        self.power = Connection()
        self.due: list[Callable[[], None]] = []

    def tell(self) -> None:
        self.told.append(self.aside.held)

    async def hold(self, what: Any, reason: str) -> None:
        await self.aside.hold(what, reason, self.power)

    async def release(self, what: Any, reason: str, after_s: float = 0.0) -> None:
        await self.aside.release(what, reason, self.power, after_s)
        await self.settled()

    async def settled(self) -> None:
        """The model has been told."""
        while self.aside._moves:
            await asyncio.gather(*self.aside._moves)


@pytest.fixture
async def stage(monkeypatch: pytest.MonkeyPatch) -> Stage:
    """Its timers go off when the test says so."""
    due: list[Callable[[], None]] = []

    class Never:
        def cancel(self) -> None: ...

    def later(seconds: float, act: Callable[[], None]) -> Never:
        due.append(act)
        return Never()

    monkeypatch.setattr(aside, "Holds", lambda on_change: Holds(on_change, later))
    stage = Stage()
    stage.due = due
    return stage


async def test_the_model_comes_back_when_the_last_reason_is_gone(stage: Stage) -> None:
    await stage.hold("model", "suspend")
    await stage.hold("model", "game")
    await stage.release("model", "suspend")
    await stage.release("model", "game")
    assert stage.model.told == ["park: suspend", "park: suspend, game", "park: game", "come"]


async def test_holding_the_model_returns_when_it_is_gone(stage: Stage) -> None:
    stage.model.gone.clear()
    holding = asyncio.ensure_future(stage.hold("model", "suspend"))
    await stage.model.asked.wait()
    assert not holding.done()
    stage.model.gone.set()
    await holding


async def test_background_work_waits_while_the_model_is_aside_too(stage: Stage) -> None:
    await stage.hold("background", "on battery")
    await stage.hold("model", "game")
    await stage.release("background", "on battery")
    assert stage.aside.held == "game"
    await stage.release("model", "game")
    assert stage.aside.held is None
    assert stage.background.told == ["on battery", "on battery, game", "game", "on"]
    assert stage.watching.told == []


async def test_a_battery_is_no_reason_to_wake_a_model_that_gave_up(stage: Stage) -> None:
    await stage.hold("background", "on battery")
    await stage.release("background", "on battery")
    assert stage.model.told == []


async def test_a_fading_hold_lets_the_next_request_have_the_model(stage: Stage) -> None:
    await stage.hold("model", "suspend")
    await stage.release("model", "suspend", after_s=20)
    assert stage.model.told[-1] == "rest: suspend is over; the next request loads it"
    assert stage.background.told == ["suspend"]
    stage.aside.hear(EngineStatus(state=EngineState.STARTING))
    await stage.settled()
    assert stage.background.told == ["suspend", "on"]
    assert stage.aside.holds.list() == []


async def test_a_fading_hold_ends_by_itself(stage: Stage) -> None:
    await stage.hold("model", "game")
    await stage.release("model", "game", after_s=20)
    stage.due[-1]()
    await stage.settled()
    assert stage.model.told[-1] == "come"
    assert stage.told == ["game", None]


async def test_a_model_that_is_still_held_firmly_is_not_woken(stage: Stage) -> None:
    await stage.hold("model", "game")
    await stage.hold("model", "suspend")
    await stage.release("model", "suspend", after_s=20)
    assert stage.model.told[-1] == "park: game"
    stage.aside.hear(EngineStatus(state=EngineState.STARTING))
    assert len(stage.aside.holds.list()) == 2


async def test_what_the_person_did_is_not_undone_by_a_machine(stage: Stage) -> None:
    await stage.aside.park("I need the GPU")
    await stage.aside.pause()
    for what in ("model", "background", "watching"):
        await stage.hold(what, "game")
        await stage.release(what, "game")
    assert stage.model.told[-1] == "park: I need the GPU"
    assert stage.aside.is_paused
    assert stage.watching.told[-1] == "paused by you"


async def test_the_persons_resume_beats_every_reason(stage: Stage) -> None:
    await stage.hold("model", "game")
    await stage.hold("watching", "screen locked")
    await stage.aside.pause()
    await stage.aside.resume()
    assert stage.model.told[-1] == "come"
    assert stage.watching.told[-1] == stage.background.told[-1] == "on"
    await stage.release("model", "game")
    assert stage.model.told.count("park: game") == 1


async def test_resume_wakes_an_engine_that_gave_up_though_nothing_is_held(stage: Stage) -> None:
    await stage.aside.resume()
    assert stage.model.told == ["come"]


async def test_a_second_park_has_another_reason(stage: Stage) -> None:
    await stage.aside.park("one")
    await stage.aside.park("two")
    await stage.settled()
    assert [hold.reason for hold in stage.aside.holds.list()] == ["two"]
    assert stage.model.told[-1] == "park: two"
    assert "come" not in stage.model.told


async def test_a_plugin_that_dies_lets_go_of_everything(stage: Stage) -> None:
    await stage.hold("model", "game")
    await stage.hold("background", "on battery")
    assert len(stage.power.closing) == 1
    stage.power.close()
    await stage.settled()
    assert stage.model.told[-1] == "come"
    assert stage.aside.held is None


async def test_a_process_that_does_not_end_keeps_nobody_waiting_for_ever(
    stage: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    async def park(reason: str) -> None:
        raise TimeoutError

    stage.model.park = park  # type: ignore[method-assign]
    await stage.hold("model", "suspend")
    assert "still there" in caplog.text
