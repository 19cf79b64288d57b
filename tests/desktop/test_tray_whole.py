"""The tray on a real daemon with a model: from a press in the panel to what the daemon is."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from desktop.conftest import XServer
from desktop.tray_stage import Panel, Watcher
from fakes.running import RunningDaemon, daemon, install_model

pytestmark = [pytest.mark.desktop, pytest.mark.engine]


@pytest.fixture
async def watcher(session_bus: str) -> AsyncIterator[Watcher]:
    started = await Watcher.start(session_bus)
    yield started
    await started.end()


@pytest.fixture
async def running(
    x_server: XServer, session_bus: str, private_dirs: Path, tiny_model: Path
) -> AsyncIterator[RunningDaemon]:
    """With two models that load at once, and the tray."""
    for name in ("smollm2-135m-instruct", "second"):
        install_model(private_dirs, tiny_model, name)
    environ = {"DISPLAY": f":{x_server.number}", "DBUS_SESSION_BUS_ADDRESS": session_bus}
    with daemon(private_dirs, **environ) as started:
        await called(started, "plugin.enable", name="tray")
        yield started


async def called(running: RunningDaemon, method: str, **params: Any) -> Any:
    def call() -> Any:
        with running.client() as client:
            return client.call(method, **params)

    return await asyncio.to_thread(call)


async def status(running: RunningDaemon) -> Any:
    return await called(running, "daemon.status")


@pytest.fixture
async def panel(watcher: Watcher, running: RunningDaemon) -> Panel:
    panel = await watcher.panel()
    await panel.until_icon("ingle-tray-ready")
    return panel


async def test_pause_and_resume(running: RunningDaemon, panel: Panel) -> None:
    await panel.press("Pause")
    await panel.until_icon("ingle-tray-paused")
    assert (await status(running))["state"] == "paused"
    await panel.press("Resume")
    await panel.until_icon("ingle-tray-ready")
    assert (await status(running))["state"] == "ready"


async def test_a_model_that_steps_aside_is_told_with_the_reason(
    running: RunningDaemon, panel: Panel
) -> None:
    await called(running, "model.park", reason="game running")
    await panel.until_icon("ingle-tray-aside")
    await panel.until_line("SmolLM2 135M is aside: game running")
    await called(running, "daemon.resume")
    await panel.until_icon("ingle-tray-ready")


async def test_another_model_is_chosen(running: RunningDaemon, panel: Panel) -> None:
    models = await panel.until_line("Model", is_so=lambda line: len(line.lines) == 2)
    other = next(label for label in models.labels() if label.startswith("Second"))
    await panel.press("Model", other)
    await panel.until_line("Model", other, is_so=lambda line: line.is_checked)
    while (await status(running))["engine"]["model"] != "second":
        await panel.changed.wait()


async def test_a_plugin_is_switched_on_and_off(running: RunningDaemon, panel: Panel) -> None:
    await panel.press("Plugins", "files")
    await panel.until_line("Plugins", "files", is_so=lambda line: line.is_checked)
    await panel.press("Plugins", "files")
    await panel.until_line("Plugins", "files", is_so=lambda line: not line.is_checked)


async def test_a_plugin_beside_it_is_switched_off_and_the_icon_stays(
    running: RunningDaemon, panel: Panel
) -> None:
    """They share a process, and the icon is the very same one: another would be another panel here."""
    await called(running, "plugin.enable", name="notify")
    await panel.until_line("Plugins", "notify", is_so=lambda line: line.is_checked)
    await panel.press("Plugins", "notify")
    await panel.until_line("Plugins", "notify", is_so=lambda line: not line.is_checked)
    await panel.until_icon("ingle-tray-ready")


async def test_work_is_seen_and_its_end_too(running: RunningDaemon, panel: Panel) -> None:
    """What is over at once is not shown: so there is always something to do until it is seen."""
    seen = asyncio.ensure_future(panel.until_icon("ingle-tray-busy"))

    async def work() -> None:
        while not seen.done():
            await called(running, "assistant.generate", prompt="The hearth", max_tokens=1500)

    await asyncio.gather(seen, work(), work())
    await panel.until_icon("ingle-tray-ready")


async def test_quit_ends_the_daemon(running: RunningDaemon, panel: Panel) -> None:
    await panel.press("Quit Ingle")
    assert await asyncio.to_thread(running.process.wait, 30) == 0
