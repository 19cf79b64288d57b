"""What is shown, on a real session bus, with real and scripted servers that come and go."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from desktop.conftest import XServer
from desktop.notify_stage import ALL, FULL_TEXT, KEPT, READY, Serve, notify, real_server
from fakes.plugin_daemon import PATIENCE_S, PluginDaemon
from ingle.errors import IngleError

pytestmark = pytest.mark.desktop


@pytest.fixture
async def daemon(session_bus: str, private_dirs: Path) -> AsyncIterator[PluginDaemon]:
    async with notify(private_dirs) as running:
        yield running


async def test_a_summary_is_shown_and_the_next_takes_its_place(
    daemon: PluginDaemon, serve: Serve
) -> None:
    server = await serve(*ALL)
    daemon.emit("skill", "summary.ready", READY)
    first = await server.shown()
    assert (first["title"], first["body"], first["replaces"]) == ("A letter", "Ada writes.", 0)
    assert (first["actions"], first["urgency"]) == (FULL_TEXT, 1)
    daemon.emit("skill", "summary.ready", {**READY, "title": "Another"})
    assert (await server.shown())["replaces"] == first["id"]


async def test_a_server_without_buttons_or_markup_gets_neither(
    daemon: PluginDaemon, serve: Serve
) -> None:
    server = await serve("body")
    daemon.emit("skill", "summary.ready", {**READY, "text": "<b>1 & 2</b>"})
    shown = await server.shown()
    assert (shown["body"], shown["actions"]) == ("<b>1 & 2</b>", [])


async def test_markup_and_direction_characters_cannot_fake_anything(
    daemon: PluginDaemon, serve: Serve
) -> None:
    server = await serve(*ALL)
    text = "<a href='x'>1 & 2</a>\u202e gpj.exe\x1b[31m\x00\u2066"
    daemon.emit("skill", "summary.ready", {**READY, "text": text, "title": "a\u202eb\nc"})
    shown = await server.shown()
    assert shown["body"].startswith("&lt;a href='x'&gt;1 &amp; 2&lt;/a&gt; gpj.exe")
    assert not set(shown["body"] + shown["title"]) & set("\u202e\x1b\x00\u2066")
    assert shown["title"] == "a b c"


async def test_what_was_not_read_is_said(daemon: PluginDaemon, serve: Serve) -> None:
    server = await serve(*ALL)
    partly = {"read": 30, "total": 120, "parts": 1}
    daemon.emit("skill", "summary.ready", {**READY, "coverage": partly})
    assert "25 % of the text was read" in (await server.shown())["body"]


async def test_a_failure_is_told_with_its_reason(daemon: PluginDaemon, serve: Serve) -> None:
    server = await serve(*ALL)
    daemon.emit("skill", "summary.failed", {**READY, "reason": "the engine is gone"})
    shown = await server.shown()
    assert "A letter" in shown["title"]
    assert (shown["body"], shown["urgency"], shown["actions"]) == ("the engine is gone", 0, [])


async def test_a_server_that_is_missing_or_dies_is_waited_for(
    daemon: PluginDaemon, serve: Serve
) -> None:
    daemon.emit("skill", "summary.ready", READY)
    await daemon.until_state("notify", "waiting", "no notification server is running")
    for _ in range(3):
        server = await serve(*ALL)  # it is told what came meanwhile, unasked
        shown = await server.shown()
        assert "A letter" in shown["title"] + shown["body"]
        await daemon.until_state("notify", "running")
        await server.kill()
        daemon.emit("skill", "summary.ready", READY)
        await daemon.until_state("notify", "waiting")


async def test_what_a_dead_server_has_shown_is_not_replaced_in_the_next(
    daemon: PluginDaemon, serve: Serve
) -> None:
    server = await serve(*ALL)
    say = {"title": "t", "text": "x", "key": "k", "result": "r1"}
    await daemon.hosts.call("notify", "say", say)
    old = await server.shown()
    await server.kill()
    server = await serve(*ALL)
    server.say(f"press {old['id']} copy")  # by now the button of another program
    await daemon.hosts.call("notify", "say", say)
    assert (await server.shown())["replaces"] == 0


async def test_a_plugins_word_is_replaced_by_its_next_with_the_same_key(
    daemon: PluginDaemon, serve: Serve
) -> None:
    server = await serve(*ALL)
    await daemon.hosts.call("notify", "say", {"title": "Model", "text": "loading", "key": "model"})
    await daemon.hosts.call("notify", "say", {"title": "Other", "text": "word"})
    await daemon.hosts.call("notify", "say", {"title": "Other", "text": "another word"})
    ready = {"title": "Model", "text": "<ready>", "key": "model", "urgency": "critical"}
    await daemon.hosts.call("notify", "say", ready)
    first, second, third, fourth = [await server.shown() for _ in range(4)]
    assert [each["replaces"] for each in (first, second, third, fourth)] == [0, 0, 0, first["id"]]
    assert (fourth["body"], fourth["urgency"], fourth["actions"]) == ("&lt;ready&gt;", 2, [])


async def test_a_plugin_is_told_that_nothing_can_be_shown(daemon: PluginDaemon) -> None:
    with pytest.raises(IngleError, match="no notification server"):
        await daemon.hosts.call("notify", "say", {"title": "t", "text": "x", "result": "r1"})


async def test_do_not_disturb_is_kept_and_what_came_is_named_afterwards(
    daemon: PluginDaemon, serve: Serve
) -> None:
    server = await serve(*ALL, "inhibited")
    server.say("inhibit 1")
    assert await server.line() == "inhibited"
    daemon.results |= {"r2": KEPT, "r3": KEPT}
    for result in ("r1", "r2", "r3"):
        say = {"title": f"Title {result}", "text": "x", "key": "summary", "result": result}
        await daemon.hosts.call("notify", "say", say)
    urgent = {"title": "The GPU is gone", "text": "x", "urgency": "critical"}
    await daemon.hosts.call("notify", "say", {"title": "Not urgent", "text": "x"})
    await daemon.hosts.call("notify", "say", urgent)
    assert (await server.shown())["title"] == "The GPU is gone"
    del daemon.results["r2"]  # forgotten meanwhile
    server.say("inhibit 0")
    assert await server.line() == "inhibited"
    shown = await server.shown()
    assert shown["title"] == "3 messages came meanwhile"
    assert shown["body"] == "· Not urgent\n· Title r3\n· Title r1"
    assert shown["actions"] == FULL_TEXT


async def test_quiet_shows_nothing_but_what_is_critical(
    session_bus: str, private_dirs: Path, serve: Serve
) -> None:
    server = await serve(*ALL)
    async with notify(private_dirs, quiet=True) as daemon:
        await daemon.hosts.call("notify", "say", {"title": "Quiet", "text": "x"})
        await daemon.hosts.call("notify", "say", {"title": "Loud", "text": "x", "urgency": "critical"})
        assert (await server.shown())["title"] == "Loud"


async def test_a_model_that_does_not_run_is_told_until_it_runs_again(
    daemon: PluginDaemon, serve: Serve
) -> None:
    server = await serve(*ALL)
    daemon.emit("engine", "state", {"state": "failed", "reason": "it ended three times"})
    shown = await server.shown()
    assert (shown["title"], shown["body"]) == ("The model does not run", "it ended three times")
    daemon.emit("engine", "state", {"state": "loading", "reason": ""})
    daemon.emit("engine", "state", {"state": "ready", "reason": ""})
    assert await server.shown() == {"closed": shown["id"]}


async def test_a_long_summary_is_shortened_and_what_was_not_read_still_said(
    daemon: PluginDaemon, serve: Serve
) -> None:
    server = await serve(*ALL)
    partly = {"read": 30, "total": 120, "parts": 1}
    daemon.emit("skill", "summary.ready", {**READY, "text": "word " * 1000, "coverage": partly})
    body = (await server.shown())["body"]
    assert body.endswith("word …\n(25 % of the text was read)")
    assert len(body) < 560


async def test_the_real_notification_daemon_shows_it(
    x_server: XServer, daemon: PluginDaemon, tmp_path: Path
) -> None:
    from desktop.looking import shown_on

    async with real_server():
        long = "The council will plant four hundred trees along the river before spring. " * 3
        daemon.emit("skill", "summary.ready", {**READY, "title": "Trees", "text": long})
        await daemon.until_state("notify", "running")
        picture = await asyncio.to_thread(shown_on, x_server.number, PATIENCE_S)
        picture.save(tmp_path / "notification.png")
