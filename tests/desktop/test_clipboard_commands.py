"""`ingle summarize --clipboard` with a real daemon, its clipboard plugin and real programs that copy."""

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from desktop.conftest import XServer, run_xclip
from fakes.running import RunningDaemon, daemon, install_model
from ingle.client import Ingle

pytestmark = pytest.mark.desktop

SHORT = "The ferry leaves at nine."


@pytest.fixture
def running(x_server: XServer, private_dirs: Path, tiny_model: Path) -> Iterator[RunningDaemon]:
    install_model(private_dirs, tiny_model)
    with daemon(private_dirs, DISPLAY=f":{x_server.number}") as started:
        yield started


def cli(running: RunningDaemon, *argv: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "ingle.cli.main", *argv]
    return subprocess.run(command, env=running.environ, capture_output=True, text=True, check=False)


def enable(running: RunningDaemon) -> None:
    with running.client() as client:
        client.call("plugin.enable", name="clipboard")
        client.call("plugin.call", plugin="clipboard", command="is_watching")


async def test_what_is_copied_is_summarised_on_demand_however_short(running: RunningDaemon) -> None:
    await asyncio.to_thread(enable, running)
    await run_xclip(SHORT)
    ran = await asyncio.to_thread(cli, running, "summarize", "--clipboard")
    assert (ran.returncode, ran.stdout) == (0, f"{SHORT}\n"), ran.stderr
    with Ingle(running.socket) as client:
        assert [each["text"] for each in client.call("result.list")] == [SHORT]


async def test_without_the_plugin_or_a_text_the_reason_is_said(running: RunningDaemon) -> None:
    ran = await asyncio.to_thread(cli, running, "summarize", "--clipboard")
    assert ran.returncode
    assert "plugin clipboard is disabled" in ran.stderr
    await asyncio.to_thread(enable, running)
    ran = await asyncio.to_thread(cli, running, "summarize", "--clipboard")
    assert ran.returncode
    assert "no text is offered" in ran.stderr
