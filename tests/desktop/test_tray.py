"""The tray plugin in its host process: seen and pressed over the bus, as a panel does it."""

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest

from desktop.conftest import XServer
from desktop.tray_stage import ENGINE, STATUS, Panel, Watcher, resources, told, tray
from fakes.plugin_daemon import PluginDaemon
from ingle.errors import Busy, PluginFailed
from ingle.sdk.glib import GLib

pytestmark = pytest.mark.desktop

RESTARTS = 25

Watch = Callable[[], Awaitable[Watcher]]


@pytest.fixture
async def watch(session_bus: str) -> AsyncIterator[Watch]:
    """Start a watcher; the last one is ended with the test."""
    started = []

    async def start() -> Watcher:
        started.append(await Watcher.start(session_bus))
        return started[-1]

    yield start
    for watcher in started:
        await watcher.end()


@pytest.fixture
async def daemon(x_server: XServer, session_bus: str, private_dirs: Path) -> AsyncIterator[PluginDaemon]:
    async with tray(private_dirs / "state") as running:
        yield running


@pytest.fixture
async def panel(watch: Watch, daemon: PluginDaemon) -> Panel:
    return await (await watch()).panel()


async def called(daemon: PluginDaemon, method: str) -> Any:
    await daemon.until(lambda: any(name == method for name, _ in daemon.calls))
    return next(params for name, params in daemon.calls if name == method)


async def test_the_icon_and_the_menu_tell_how_the_daemon_is(panel: Panel) -> None:
    await panel.until_icon("ingle-tray-ready")
    await panel.until_line("SmolLM2 135M on the CPU, 245 MB", is_so=lambda line: not line.is_enabled)
    assert await panel.property("Id") == "ingle"
    assert await panel.property("Title") == "Ingle: ready. SmolLM2 135M on the CPU, 245 MB"
    assert await panel.property("Status") == "Active"
    labels = (await panel.menu()).labels()
    for expected in ("Ask…", "Summarise clipboard", "Pause", "What it saw", "Show log", "Quit Ingle"):
        assert expected in labels


async def test_the_picture_is_where_the_panel_looks_for_it(panel: Panel, private_dirs: Path) -> None:
    await panel.until_icon("ingle-tray-ready")
    theme = Path(await panel.property("IconThemePath"))
    assert theme.is_relative_to(private_dirs)
    pictures = await asyncio.to_thread(lambda: [*theme.rglob("ingle-tray-ready.png")])
    found = {path.parents[1].name for path in pictures}
    assert {"16x16", "22x22", "24x24", "48x48"} <= found


@pytest.mark.parametrize(
    ("status", "icon"),
    [
        ({"state": "paused"}, "paused"),
        ({"state": "aside", "reason": "game running", "engine": {**ENGINE, "state": "parked"}}, "aside"),
        ({"state": "degraded", "warnings": ["no GPU"]}, "degraded"),
        ({"state": "degraded", "engine": {"state": "failed", "reason": "no memory"}}, "error"),
        ({"state": "starting", "engine": {**ENGINE, "state": "loading", "progress": 0.4}}, "busy"),
    ],
)
async def test_a_change_is_seen_when_it_is_told(
    daemon: PluginDaemon, panel: Panel, status: Any, icon: str
) -> None:
    await panel.until_icon("ingle-tray-ready")
    told(daemon, **status)
    await panel.until_icon(f"ingle-tray-{icon}")


async def test_work_is_seen_while_it_lasts(daemon: PluginDaemon, panel: Panel) -> None:
    await panel.until_icon("ingle-tray-ready")
    daemon.emit("engine", "activity", {"busy": True})
    await panel.until_icon("ingle-tray-busy")
    await panel.until_line("SmolLM2 135M on the CPU, 245 MB, at work")
    daemon.emit("engine", "activity", {"busy": False})
    await panel.until_icon("ingle-tray-ready")


async def test_work_that_had_begun_before_is_seen(daemon: PluginDaemon, panel: Panel) -> None:
    told(daemon, queue={"interactive": 1, "normal": 0, "background": 2})
    await panel.until_icon("ingle-tray-busy")


async def test_a_menu_that_is_open_is_written_into_and_not_replaced(
    daemon: PluginDaemon, panel: Panel
) -> None:
    """The lines keep their numbers, by which a panel presses them."""
    before = await panel.until_line("Model", "My_own_model, 490 MB")
    told(daemon, state="starting", engine={**ENGINE, "state": "loading", "progress": 0.0})
    await panel.until_line("SmolLM2 135M: loading, 0%")
    daemon.emit("engine", "loading", {"model": ENGINE["model"], "progress": 0.41})
    await panel.until_line("SmolLM2 135M: loading, 40%")
    await panel.press("Ask…")
    await called(daemon, "plugin.call")
    told(daemon, engine={**ENGINE, "model": "my_own_model"})
    after = await panel.until_line("Model", "My_own_model, 490 MB", is_so=lambda line: line.is_checked)
    assert after.number == before.number


@pytest.mark.parametrize(
    ("labels", "method", "params"),
    [
        (["Pause"], "daemon.pause", {}),
        (["Quit Ingle"], "daemon.stop", {}),
        (["Model", "My_own_model, 490 MB"], "model.use", {"name": "my_own_model"}),
        (["Plugins", "clipboard"], "plugin.disable", {"name": "clipboard"}),
        (["Ask…"], "plugin.call", {"plugin": "popup", "command": "show", "args": {}}),
        (
            ["Summarise clipboard"],
            "plugin.call",
            {"plugin": "clipboard", "command": "summarize_now", "args": {}},
        ),
        (
            ["Undo last replacement"],
            "plugin.call",
            {"plugin": "selection", "command": "undo", "args": {}},
        ),
        (
            ["Recent results", "A_letter <b>&</b> more"],
            "plugin.call",
            {"plugin": "popup", "command": "show_result", "args": {"id": "r7"}},
        ),
    ],
)
async def test_a_press_does_what_the_line_says(
    daemon: PluginDaemon, panel: Panel, labels: list[str], method: str, params: Any
) -> None:
    await panel.press(*labels)
    assert await called(daemon, method) == params


async def test_a_switch_shows_what_is_and_not_what_was_pressed(
    daemon: PluginDaemon, panel: Panel
) -> None:
    """The widget turns itself over at once; the daemon did not."""
    await panel.press("Plugins", "clipboard")
    await called(daemon, "plugin.disable")
    await panel.until_line("Plugins", "clipboard", is_so=lambda line: line.is_checked)
    presses = [method for method, _ in daemon.calls if method == "plugin.disable"]
    assert len(presses) == 1  # turning the check mark back is no press
    off = [{**each, "state": "disabled"} for each in STATUS["plugins"]]
    told(daemon, plugins=off)
    await panel.until_line("Plugins", "clipboard", is_so=lambda line: not line.is_checked)


async def test_the_model_is_a_choice_of_one(panel: Panel) -> None:
    small = await panel.until_line("Model", "SmolLM2 135M, 98 MB")
    other = await panel.until_line("Model", "My_own_model, 490 MB")
    assert (small.toggle, small.is_checked, other.is_checked) == ("radio", True, False)


async def test_what_went_wrong_stands_in_the_menu_until_the_next_press(
    daemon: PluginDaemon, panel: Panel
) -> None:
    daemon.answers["plugin.call"] = PluginFailed("plugin popup is off", "`ingle plugin enable popup`")
    await panel.press("Ask…")
    trouble = "That did not work: plugin popup is off: `ingle plugin enable popup`"
    await panel.until_line(trouble)
    daemon.answers["plugin.call"] = {}
    await panel.press("Pause")
    await called(daemon, "daemon.pause")
    await panel.until_line("SmolLM2 135M on the CPU, 245 MB")
    told(daemon)
    while trouble in (await panel.menu()).labels():
        await panel.changed.wait()


async def test_the_menu_opens_while_the_daemon_does_not_answer(
    daemon: PluginDaemon, panel: Panel
) -> None:
    """Nobody is asked when it opens."""
    await panel.until_line("Pause")
    asked = len(daemon.calls)
    for _ in range(20):
        assert "Pause" in (await panel.menu()).labels()
    assert len(daemon.calls) == asked


async def test_what_fails_to_be_asked_leaves_what_was_known(daemon: PluginDaemon, panel: Panel) -> None:
    await panel.until_icon("ingle-tray-ready")
    daemon.answers["model.list"] = Busy("too much to do")
    told(daemon, state="paused")
    await panel.until_icon("ingle-tray-paused")
    await panel.until_line("Model", "SmolLM2 135M, 98 MB")


async def test_without_a_tray_it_waits_and_appears_when_there_is_one(
    daemon: PluginDaemon, watch: Watch
) -> None:
    await daemon.until_state("tray", "waiting", "shows no tray icons")
    watcher = await watch()
    await (await watcher.panel()).until_icon("ingle-tray-ready")
    await daemon.until_state("tray", "running")
    await watcher.end()
    await daemon.until_state("tray", "waiting", "shows no tray icons")


async def test_the_watcher_may_come_and_go_many_times_without_a_leak(
    daemon: PluginDaemon, watch: Watch, private_dirs: Path
) -> None:
    seen = []
    for _ in range(RESTARTS):
        watcher = await watch()
        await (await watcher.panel()).until_line("Pause")
        info = await daemon.until_state("tray", "running")
        await watcher.end()
        await daemon.until_state("tray", "waiting")
        seen.append(resources(info.pid or 0))
    assert max(seen[5:])[0] <= max(seen[:5])[0] + 1, seen
    assert max(threads for _, threads in seen[5:]) <= max(threads for _, threads in seen[:5]), seen


async def test_changes_without_end_leave_nothing_behind(
    daemon: PluginDaemon, panel: Panel, private_dirs: Path
) -> None:
    states = ["paused", "ready"]
    seen = []
    for count in range(20):
        told(daemon, state=states[count % 2])
        await panel.until_icon(f"ingle-tray-{states[count % 2]}")
        seen.append(resources(daemon.info("tray").pid or 0))
    assert seen[-1] <= max(seen[:4]), seen
    theme = private_dirs / "runtime_dir/ingle/icons"
    pictures = await asyncio.to_thread(lambda: [p for p in theme.rglob("*") if p.is_file()])
    assert len(pictures) == 36  # six states in six sizes
    assert {path.suffix for path in pictures} == {".png"}


async def test_the_display_may_die_and_come_back(
    x_server: XServer, daemon: PluginDaemon, watch: Watch, private_dirs: Path
) -> None:
    """GTK ends the process with the display; what it leaves is the pictures that the next one uses."""
    watcher = await watch()
    for _ in range(5):
        await (await watcher.panel()).until_icon("ingle-tray-ready")
        await daemon.until_state("tray", "running")
        x_server.kill()
        await daemon.until_state("tray", "waiting")
        x_server.start()
    await (await watcher.panel()).until_icon("ingle-tray-ready")
    left = await asyncio.to_thread(lambda: [p for p in private_dirs.rglob("*.png") if p.is_file()])
    assert len(left) == 36


async def test_new_settings_make_another_icon(
    x_server: XServer, session_bus: str, private_dirs: Path, watch: Watch
) -> None:
    watcher = await watch()
    async with tray(private_dirs / "state", colours="white", results=0) as daemon:
        panel = await watcher.panel()
        await panel.until_icon("ingle-tray-ready-white")
        await panel.until_line("Recent results", "Nothing yet")
        await daemon.hosts.configure({"tray": {"colours": "black"}})
        await _either(panel.until_icon("ingle-tray-ready-black"), _next_icon(watcher))


async def _next_icon(watcher: Watcher) -> None:
    await (await watcher.panel()).until_icon("ingle-tray-ready-black")


async def _either(*waits: Coroutine[Any, Any, None]) -> None:
    """The process gets a new name on the bus with the new icon when nobody else holds the old one."""
    tasks = [asyncio.ensure_future(wait) for wait in waits]
    for done in asyncio.as_completed(tasks):
        try:
            await done
        except (GLib.Error, AssertionError, TimeoutError):
            continue
        break
    else:
        raise AssertionError("there is no new icon")
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)


async def test_what_it_saw_is_a_private_page(
    x_server: XServer, session_bus: str, private_dirs: Path, watch: Watch,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    programs, told_file = private_dirs / "bin", private_dirs / "opened"
    _fake_opener(programs, told_file)
    monkeypatch.setenv("PATH", f"{programs}:{os.environ['PATH']}")
    watcher = await watch()
    async with tray(private_dirs / "state") as daemon:
        daemon.answers["context.list"] = [
            {"id": "7", "kind": "clipboard", "title": "A letter", "origin": "clipboard", "chars": 900,
             "created": 0.0, "summary": "Ada writes."},
        ]  # fmt: skip
        await (await watcher.panel()).press("What it saw")
        opened = Path((await asyncio.to_thread(told_file.read_text)).strip())
        page = await asyncio.to_thread(opened.read_text)
        assert "A letter" in page
        assert "900 characters" in page
        assert "in short: Ada writes." in page
        assert (await asyncio.to_thread(opened.stat)).st_mode & 0o777 == 0o600
    assert not await asyncio.to_thread(opened.exists)


def _fake_opener(programs: Path, told_file: Path) -> None:
    """An `xdg-open` that tells a FIFO which file it was given."""
    programs.mkdir()
    os.mkfifo(told_file)
    (programs / "xdg-open").write_text(f'#!/bin/sh\necho "$1" > {told_file}\n')
    (programs / "xdg-open").chmod(0o755)


async def test_the_menu_can_be_read_and_pressed_without_a_tray(daemon: PluginDaemon) -> None:
    """GNOME may have none: what the menu says and does is there for every program."""
    await daemon.until_state("tray", "waiting", "shows no tray icons")
    labels = [line["label"] for line in await daemon.hosts.call("tray", "menu", {})]
    assert "SmolLM2 135M on the CPU, 245 MB" in labels
    await daemon.hosts.call("tray", "press", {"labels": ["Pause"]})
    await called(daemon, "daemon.pause")
