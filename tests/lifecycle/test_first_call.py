"""A command is what has started the daemon: its plugin is waited for, not called off or half there."""

import asyncio
import os
import signal
from pathlib import Path

import pytest

from fakes.desktop_session import Bus, Desktop, daemon_on
from fakes.plugin_daemon import PASSIVE, PATIENCE_S, plugin_daemon, write_plugin
from ingle.errors import PluginFailed

SLOW = f"""
from pathlib import Path

with Path(__file__).with_name("gate").open() as gate:
    gate.read()
{PASSIVE}
"""
"""It is imported for as long as nobody opens its gate."""


async def enabled(root: Path, *names: str) -> list[tuple[str, Path]]:
    """Plugins that a person has enabled, of a daemon that does not run any more."""
    search = [("user", root / "plugins")]
    async with plugin_daemon(search, root / "state", hosts_desktop=False) as daemon:
        for name in names:
            await daemon.hosts.enable(name)
    return search


async def test_the_very_first_request_is_answered(tmp_path: Path) -> None:
    write_plugin(tmp_path / "plugins", "one")
    search = await enabled(tmp_path, "one")
    async with plugin_daemon(search, tmp_path / "state") as daemon:
        assert await daemon.hosts.call("one", "hello", {}) == "hello you"


async def test_a_plugin_that_is_off_is_not_waited_for(tmp_path: Path) -> None:
    write_plugin(tmp_path / "plugins", "one")
    async with plugin_daemon([("user", tmp_path / "plugins")], tmp_path / "state") as daemon:
        async with asyncio.timeout(5):
            with pytest.raises(PluginFailed, match="disabled"):
                await daemon.hosts.call("one", "hello", {})


async def test_a_plugin_is_called_when_it_is_loaded_and_not_before(tmp_path: Path) -> None:
    """Those of a host are loaded one after the other."""
    home = write_plugin(tmp_path / "plugins", "one", SLOW, host="shared")
    os.mkfifo(home / "gate")
    write_plugin(tmp_path / "plugins", "two", host="shared")
    async with plugin_daemon([("user", tmp_path / "plugins")], tmp_path / "state") as daemon:
        approving = [asyncio.ensure_future(daemon.hosts.enable(name)) for name in ("one", "two")]
        opened = await asyncio.to_thread((home / "gate").open, "w")
        await daemon.until(lambda: daemon.info("two").pid is not None)
        calling = asyncio.ensure_future(daemon.hosts.call("two", "hello", {}))
        await asyncio.wait([calling], timeout=0.2)
        assert not calling.done()
        opened.close()
        assert await calling == "hello you"
        await asyncio.gather(*approving)


async def test_one_that_takes_too_long_is_said_to_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ingle.plughost.plughost.ARRIVE_S", 0.0)
    write_plugin(tmp_path / "plugins", "one")
    search = await enabled(tmp_path, "one")
    async with plugin_daemon(search, tmp_path / "state") as daemon:
        with pytest.raises(PluginFailed, match="does not run yet: starting"):
            await daemon.hosts.call("one", "hello", {})


async def test_one_whose_host_was_killed_is_waited_for(tmp_path: Path) -> None:
    write_plugin(tmp_path / "plugins", "one")
    async with plugin_daemon([("user", tmp_path / "plugins")], tmp_path / "state") as daemon:
        pid = (await daemon.hosts.enable("one")).pid
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        await daemon.until_state("one", "waiting", "killed by SIGKILL")
        assert await daemon.hosts.call("one", "hello", {}) == "hello you"


async def test_a_session_that_is_about_to_attach_is_waited_for(
    private_dirs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As under systemd: the socket starts the daemon, and `ingle desktop` finds it a moment later."""
    monkeypatch.setattr("ingle.plughost.plughost.ARRIVE_S", PATIENCE_S)
    monkeypatch.setattr("ingle.plughost.places.EXPECTED_S", PATIENCE_S)
    write_plugin(private_dirs / "plugins", "one", requires=["session-bus"])
    search = await enabled(private_dirs, "one")
    bus = Bus(private_dirs / "runtime_dir")
    bus.start()
    options = {"environ": {}, "hosts_desktop": False}
    async with daemon_on(private_dirs / "sock", search, private_dirs / "state", **options) as daemon:
        calling = asyncio.ensure_future(daemon.hosts.call("one", "hello", {}))
        desktop = await Desktop.start(private_dirs / "sock", private_dirs)
        try:
            assert await calling == "hello you"
        finally:
            await desktop.stop()
    bus.kill()
