"""The popup under a real daemon with a model that loads at once: from the command line to the answer."""

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from desktop.conftest import XServer
from desktop.popup_stage import ScreenReader, desktop_for_reading
from fakes.running import RunningDaemon, daemon, install_model
from ingle.cli import exits

pytestmark = pytest.mark.desktop

LETTER = "Ada has a cat. The cat is black. It sleeps all day."
BUTTON = "push button"


@pytest.fixture
async def desktop(
    x_server: XServer, session_bus: str, private_dirs: Path, tiny_model: Path
) -> AsyncIterator[tuple[RunningDaemon, ScreenReader]]:
    install_model(private_dirs, tiny_model)
    environ = {"DISPLAY": f":{x_server.number}", "DBUS_SESSION_BUS_ADDRESS": session_bus}
    async with AsyncExitStack() as stack:
        reader = await desktop_for_reading(stack, x_server)
        running = stack.enter_context(daemon(private_dirs, **environ))
        with running.client() as client:
            client.call("plugin.enable", name="popup")
        yield running, reader


def ingle(running: RunningDaemon, *argv: str, text: str = "") -> None:
    subprocess.run(
        [sys.executable, "-m", "ingle.cli.main", *argv],
        env=running.environ, input=text.encode(), check=True, timeout=60,
    )  # fmt: skip


async def test_a_text_from_the_command_line_is_summarised_in_the_popup(
    desktop: tuple[RunningDaemon, ScreenReader],
) -> None:
    running, reader = desktop
    ingle(running, "popup", "--skill", "summarize", "-", text=LETTER)
    await reader.wait("panel", "Given text, 12 words: Ada has a cat")
    await reader.wait(BUTTON, "Copy")
    await reader.wait("status bar", f"all {len(LETTER)} characters read")
    with running.client() as client:
        [kept] = client.call("result.list")
    assert kept["kind"] == "summary"


async def test_a_skill_that_the_model_is_too_small_for_is_tried_anyway(
    desktop: tuple[RunningDaemon, ScreenReader],
) -> None:
    running, reader = desktop
    ingle(running, "popup", "--skill", "rewrite", "-", text=LETTER)
    alert = await reader.wait("alert", "too small for “Rewrite”")
    assert "ingle model pull" in alert["name"]
    await reader.press(BUTTON, "Try it anyway")
    await reader.gone("alert")
    running.stop()


async def test_a_skill_that_is_not_there_is_said_on_the_command_line(
    desktop: tuple[RunningDaemon, ScreenReader],
) -> None:
    running, reader = desktop
    ran = await asyncio.to_thread(
        subprocess.run, [sys.executable, "-m", "ingle.cli.main", "popup", "--skill", "nosuch"],
        env=running.environ, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert ran.returncode == exits.NOT_FOUND, ran.stderr
    assert "there is no skill 'nosuch'" in ran.stderr
    assert "summarize" in ran.stderr
    await reader.gone("text", "Prompt")


async def test_it_opens_at_the_first_try_with_no_daemon_running(
    desktop: tuple[RunningDaemon, ScreenReader],
) -> None:
    """As a launcher or a compositor starts it; the plugins before it in its host are loaded first."""
    running, reader = desktop
    with running.client() as client:
        client.call("plugin.enable", name="notify")
    assert running.stop() == 0
    try:
        ingle(running, "popup", "-", text=LETTER)
        await reader.wait("panel", "Given text, 12 words: Ada has a cat")
    finally:
        ingle(running, "stop")
