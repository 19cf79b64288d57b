"""`Ingle` as a plugin uses it, through the in-memory kit."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

import ingle.sdk
from ingle.errors import InvalidParams, Paused
from ingle.sdk import CannotRun, Event, Ingle, Plugin, Settings, command
from ingle.sdk.facade import EVENTS_KEPT, LARGEST_TEXT
from ingle.sdk.plugin import commands_of
from ingle.sdk.testing import FakeIngle, defaults, running


class Passive(Plugin):
    pass


@pytest.fixture
def fake(tmp_path: Path) -> Any:
    return lambda: FakeIngle(Passive(), "passive", tmp_path)


async def test_a_put_while_paused_is_not_accepted_and_raises_nothing(fake: Any) -> None:
    ingle = fake()
    ingle.answers["context.put"] = Paused("paused")
    result = await ingle.put_context("text", kind="clipboard")
    assert (result.accepted, result.reason) == (False, "paused")


async def test_a_text_that_fits_into_no_message_is_refused_here(fake: Any) -> None:
    ingle = fake()
    with pytest.raises(InvalidParams, match="bytes"):
        await ingle.put_context("é" * (LARGEST_TEXT // 2 + 1), kind="file")
    assert not ingle.calls


async def test_a_state_is_told_once(fake: Any) -> None:
    ingle = fake()
    for _ in range(3):
        ingle.waiting("for rain")
    ingle.running()
    await ingle.until(lambda: len(ingle.states) == 2)
    assert ingle.states == [("waiting", "for rain"), ("running", None)]


async def test_events_go_to_those_who_asked_and_leave_with_the_last(fake: Any) -> None:
    ingle = fake()

    async def first(*topics: str) -> Event:
        events = ingle.events(*topics)
        try:
            return await anext(events)
        finally:
            await events.aclose()

    skill, everything = asyncio.ensure_future(first("skill")), asyncio.ensure_future(first())
    await ingle.until(lambda: len(ingle._queues) == 2)
    ingle.take_event({"topic": "engine", "name": "state", "data": {}})
    assert (await everything).topic == "engine"
    assert not skill.done()
    ingle.take_event({"topic": "skill", "name": "summary.ready", "data": {"title": "t"}})
    assert (await skill) == Event("skill", "summary.ready", {"title": "t"})
    assert [method for method, _ in ingle.calls].count("event.unsubscribe") == 1


async def test_a_plugin_that_does_not_take_its_events_loses_the_oldest(fake: Any) -> None:
    ingle = fake()
    events = ingle.events("skill")
    taking = asyncio.ensure_future(anext(events))
    await ingle.emit("skill", "first", {})
    assert (await taking).name == "first"
    for number in range(EVENTS_KEPT + 3):
        await ingle.emit("skill", str(number), {})
    assert (await anext(events)).name == "3"
    await events.aclose()


def test_settings_are_read_by_key_or_name_and_a_wrong_name_is_told() -> None:
    settings = Settings({"word": "hm"})
    assert (settings.word, settings["word"], dict(settings)) == ("hm", "hm", {"word": "hm"})
    with pytest.raises(AttributeError, match="no setting 'wrod'"):
        settings.wrod  # noqa: B018


async def test_arguments_of_commands_are_checked_by_their_types() -> None:
    class Adds(Plugin):
        @command
        async def add(self, left: int, right: int = 1) -> int:
            return left + right

    async with running(Adds) as ingle:
        assert await ingle.command("add", left=1) == 2
        assert await ingle.command("add", left=1, right=2) == 3
        with pytest.raises(InvalidParams, match="missing argument `left`"):
            await ingle.command("add")
        with pytest.raises(InvalidParams, match="unknown argument `up`"):
            await ingle.command("add", left=1, up=1)
        with pytest.raises(InvalidParams, match="left"):
            await ingle.command("add", left="1")


def test_a_command_that_cannot_be_checked_is_refused_when_it_is_loaded() -> None:
    class Sync(Plugin):
        @command  # type: ignore[type-var]
        def f(self) -> int:
            return 1

    class Star(Plugin):
        @command
        async def f(self, *args: int) -> None: ...

    with pytest.raises(CannotRun, match="async def"):
        commands_of(Sync)
    with pytest.raises(CannotRun, match="name its arguments"):
        commands_of(Star)


async def test_what_run_raises_comes_out_of_the_test_kit() -> None:
    class Crashes(Plugin):
        async def run(self, ingle: Ingle) -> None:
            await ingle.put_context("x", kind="x")
            raise ValueError("boo")

    with pytest.raises(ValueError, match="boo"):
        async with running(Crashes) as ingle:
            await ingle.next_put()
            await ingle.until(lambda: True)


def test_defaults_are_those_of_the_manifest(tmp_path: Path) -> None:
    assert defaults(tmp_path) == {}
    clipboard = Path(__file__).resolve().parents[3] / "plugins" / "clipboard"
    assert defaults(clipboard)["min_chars"] == 400


def test_the_sdk_is_what_it_says() -> None:
    assert all(hasattr(ingle.sdk, name) for name in ingle.sdk.__all__)


async def test_a_kept_result_is_got_by_its_id(fake: Any) -> None:
    ingle = fake()
    ingle.answers["result.get"] = {
        "id": "r1", "kind": "summary", "title": "t", "text": "short", "at": 0.0, "origin": "clipboard",
    }  # fmt: skip
    assert (await ingle.get_result("r1")).text == "short"
    assert ingle.calls == [("result.get", {"id": "r1"})]


async def test_holding_and_letting_go(fake: Any) -> None:
    ingle = fake()
    await ingle.hold("model", "game")
    await ingle.release("model", "game", after_s=20)
    assert ingle.calls == [
        ("daemon.hold", {"what": "model", "reason": "game"}),
        ("daemon.release", {"what": "model", "reason": "game", "after_s": 20}),
    ]
