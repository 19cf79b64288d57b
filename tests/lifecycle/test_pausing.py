"""The person pauses: plugins that watch stop, those that take orders go on."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from fakes.plugin_daemon import PluginDaemon, plugin_daemon, write_plugin
from ingle.errors import Paused

SENDS = """
from ingle.sdk import Ingle, Plugin, command

class It(Plugin):
    async def run(self, ingle: Ingle) -> None:
        await ingle.put_context(f"from {ingle.name}", kind="clipboard")
        await super().run(ingle)
"""


@pytest.fixture
async def daemon(tmp_path: Path) -> AsyncIterator[PluginDaemon]:
    """A daemon whose plugins the test writes into `tmp_path / "plugins"`."""
    async with plugin_daemon([("user", tmp_path / "plugins")], tmp_path / "state") as running:
        yield running


async def test_pause_cancels_what_plugins_do_and_resume_takes_it_up_again(
    daemon: PluginDaemon, tmp_path: Path
) -> None:
    write_plugin(tmp_path / "plugins", "one", SENDS, grants=["context.write"])
    write_plugin(tmp_path / "plugins", "two")
    await daemon.hosts.enable("one")
    await daemon.until(lambda: len(daemon.puts) == 1)
    daemon.hosts.pause()
    assert daemon.info("one").state == "waiting"
    assert daemon.info("one").reason == "paused"
    with pytest.raises(Paused):
        await daemon.hosts.call("one", "hello", {})
    await daemon.hosts.enable("two")
    await daemon.until_state("two", "waiting", "paused")
    daemon.hosts.resume()
    await daemon.until(lambda: len(daemon.puts) == 2)
    await daemon.until_state("two", "running")
    assert await daemon.hosts.call("two", "hello", {}) == "hello you"


async def test_a_plugin_that_takes_orders_goes_on_while_the_others_pause(
    daemon: PluginDaemon, tmp_path: Path
) -> None:
    write_plugin(tmp_path / "plugins", "watches", SENDS, grants=["context.write"], host="shared")
    write_plugin(tmp_path / "plugins", "obeys", host="shared", pauses=False)
    await daemon.hosts.enable("obeys")
    await daemon.hosts.enable("watches")
    await daemon.until(lambda: len(daemon.puts) == 1)
    daemon.hosts.pause("paused by you")
    await daemon.until_state("watches", "waiting", "paused by you")
    assert daemon.info("obeys").state == "running"
    assert await daemon.hosts.call("obeys", "hello", {}) == "hello you"
    with pytest.raises(Paused, match="paused by you"):
        await daemon.hosts.call("watches", "hello", {})
    daemon.hosts.pause("screen locked")
    assert daemon.info("watches").reason == "screen locked"
    daemon.hosts.resume()
    await daemon.until(lambda: len(daemon.puts) == 2)
    await daemon.until_state("watches", "running")
    assert "screen locked" not in daemon.reasons("obeys")


async def test_one_that_is_started_in_a_pause_pauses_or_not_as_its_manifest_says(
    daemon: PluginDaemon, tmp_path: Path
) -> None:
    write_plugin(tmp_path / "plugins", "watches", SENDS, grants=["context.write"], host="shared")
    write_plugin(tmp_path / "plugins", "obeys", host="shared", pauses=False)
    daemon.hosts.pause()
    await daemon.hosts.enable("watches")
    await daemon.hosts.enable("obeys")
    await daemon.until_state("obeys", "running")
    await daemon.until_state("watches", "waiting", "paused")
    assert await daemon.hosts.call("obeys", "hello", {}) == "hello you"
    assert not daemon.puts
    daemon.hosts.resume()
    await daemon.until(lambda: bool(daemon.puts))
