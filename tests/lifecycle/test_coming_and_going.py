"""Plugins that join a running host and leave it: the others notice nothing, and nothing old stays."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import psutil
import pytest

from fakes.plugin_daemon import CLINGS, SENDS, PluginDaemon, plugin_daemon, write_plugin
from ingle.plughost.discovery import BUILT_IN

COUNTS = """
from ingle.sdk import Plugin, command

class It(Plugin):
    def __init__(self) -> None:
        self._count = 0

    @command
    async def count(self) -> int:
        self._count += 1
        return self._count
"""
SAYS = """
from ingle.sdk import Plugin, command
from .word import WORD

class It(Plugin):
    @command
    async def say(self) -> str:
        return WORD
"""
FALLS_AT_THE_END = """
import asyncio
from ingle.sdk import Ingle, Plugin

class It(Plugin):
    async def run(self, ingle: Ingle) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            raise ValueError
"""
LOADS = """
from pathlib import Path
from ingle.sdk import Plugin

Path(__file__).with_name("goes on").read_text()

class It(Plugin):
    pass
"""
CRASHES = """
from ingle.sdk import Ingle, Plugin

class It(Plugin):
    async def run(self, ingle: Ingle) -> None:
        raise ValueError
"""


@pytest.fixture
async def daemon(tmp_path: Path) -> AsyncIterator[PluginDaemon]:
    """A daemon in whose shared host the plugin `counts` runs; all plugins are part of Ingle."""
    write_plugin(tmp_path / "plugins", "counts", COUNTS, host="shared")
    async with plugin_daemon([(BUILT_IN, tmp_path / "plugins")], tmp_path / "state") as running:
        await running.hosts.enable("counts")
        assert await running.hosts.call("counts", "count", {}) == 1
        yield running


async def test_one_joins_and_leaves_and_the_others_go_on(daemon: PluginDaemon, tmp_path: Path) -> None:
    pid = daemon.info("counts").pid
    write_plugin(tmp_path / "plugins", "one", host="shared")
    for expected in (2, 3, 4):
        joined = await daemon.hosts.enable("one")
        assert (joined.state, joined.pid) == ("running", pid)
        assert await daemon.hosts.call("one", "hello", {}) == "hello you"
        left = await daemon.hosts.disable("one")
        assert (left.state, left.pid) == ("disabled", None)
        assert await daemon.hosts.call("counts", "count", {}) == expected
    assert daemon.info("counts").pid == pid


async def test_what_has_left_is_loaded_anew_with_all_its_modules(
    daemon: PluginDaemon, tmp_path: Path
) -> None:
    home = write_plugin(tmp_path / "plugins", "says", SAYS, host="shared")
    for word in ("first", "second"):
        (home / "word.py").write_text(f"WORD = {word!r}  # {word * 10}\n")
        assert (await daemon.hosts.enable("says")).state == "running"
        assert await daemon.hosts.call("says", "say", {}) == word
        await daemon.hosts.disable("says")
    assert await daemon.hosts.call("counts", "count", {}) == 2


async def test_one_that_changed_is_not_run_and_joins_again_when_it_is_approved(
    daemon: PluginDaemon, tmp_path: Path
) -> None:
    home = write_plugin(tmp_path / "plugins", "says", SAYS, host="shared")
    (home / "word.py").write_text("WORD = 'first'\n")
    await daemon.hosts.enable("says")
    write_plugin(tmp_path / "plugins", "says", SAYS, host="shared", grants=["context.write"])
    (home / "word.py").write_text("WORD = 'another'\n")
    await daemon.hosts.configure({})
    await daemon.until_state("says", "disabled", "changed since you approved it")
    assert (await daemon.hosts.enable("says")).state == "running"
    assert await daemon.hosts.call("says", "say", {}) == "another"
    assert await daemon.hosts.call("counts", "count", {}) == 2


async def test_one_that_clings_to_life_costs_the_process_but_nobody_is_blamed(
    daemon: PluginDaemon, tmp_path: Path
) -> None:
    write_plugin(tmp_path / "plugins", "clings", CLINGS, host="shared")
    for _ in range(4):  # three deaths of its own would end a plugin
        before = daemon.info("counts").pid
        assert before is not None
        assert (await daemon.hosts.enable("clings")).state == "running"
        assert (await daemon.hosts.disable("clings")).state == "disabled"
        ended = {before, None}
        await daemon.until(lambda ended=ended: daemon.info("counts").pid not in ended)
        await daemon.until_state("counts", "running")
        assert not psutil.pid_exists(before)
    assert await daemon.hosts.call("counts", "count", {}) == 1


async def test_who_joins_during_a_pause_waits_for_its_end(daemon: PluginDaemon, tmp_path: Path) -> None:
    write_plugin(tmp_path / "plugins", "sends", SENDS, host="shared", grants=["context.write"])
    daemon.hosts.pause("paused by you")
    joined = await daemon.hosts.enable("sends")
    assert (joined.state, joined.reason) == ("waiting", "paused by you")
    assert not daemon.puts
    daemon.hosts.resume()
    await daemon.until(lambda: bool(daemon.puts))
    await daemon.until_state("sends", "running")


async def test_one_that_has_failed_is_tried_again_beside_the_others(
    daemon: PluginDaemon, tmp_path: Path
) -> None:
    home = write_plugin(tmp_path / "plugins", "breaks", "this is no Python", host="shared")
    assert (await daemon.hosts.enable("breaks")).state == "failed"
    (home / "plugin.py").write_text(COUNTS)
    assert (await daemon.hosts.enable("breaks")).state == "running"
    assert await daemon.hosts.call("breaks", "count", {}) == 1
    assert await daemon.hosts.call("counts", "count", {}) == 2


async def test_the_restart_of_one_that_crashed_ends_with_its_leaving(
    daemon: PluginDaemon, tmp_path: Path
) -> None:
    write_plugin(tmp_path / "plugins", "falls", CRASHES, host="shared")
    await daemon.hosts.enable("falls")
    await daemon.until_state("falls", "waiting", "starts again in")
    assert (await daemon.hosts.disable("falls")).state == "disabled"
    assert await daemon.hosts.call("counts", "count", {}) == 2


async def test_one_that_falls_while_it_is_stopped_is_not_started_again(
    daemon: PluginDaemon, tmp_path: Path
) -> None:
    pid = daemon.info("counts").pid
    write_plugin(tmp_path / "plugins", "falls", FALLS_AT_THE_END, host="shared")
    for _ in range(4):  # three deaths would end a plugin
        assert (await daemon.hosts.enable("falls")).state == "running"
        assert (await daemon.hosts.disable("falls")).state == "disabled"
    assert not [reason for reason in daemon.reasons("falls") if "starts again" in reason]
    assert daemon.info("counts").pid == pid


async def test_who_comes_and_goes_while_another_is_loaded_waits_for_it(
    daemon: PluginDaemon, tmp_path: Path
) -> None:
    pid = daemon.info("counts").pid
    home = write_plugin(tmp_path / "plugins", "slow", LOADS, host="shared")
    os.mkfifo(home / "goes on")
    for name in ("one", "two"):
        write_plugin(tmp_path / "plugins", name, host="shared")
    await daemon.hosts.enable("two")
    slow = asyncio.ensure_future(daemon.hosts.enable("slow"))
    with await asyncio.to_thread((home / "goes on").open, "w"):  # it reads there: it is being loaded
        joining = asyncio.ensure_future(daemon.hosts.enable("one"))
        leaving = asyncio.ensure_future(daemon.hosts.disable("two"))
        await daemon.until(lambda: "starting" in daemon.reasons("one"))
    for info in (await slow, await joining):
        assert (info.state, info.pid) == ("running", pid)
    assert (await leaving).state == "disabled"
    assert await daemon.hosts.call("counts", "count", {}) == 2


async def test_who_joins_a_host_that_starts_during_a_pause_is_started_once(tmp_path: Path) -> None:
    for name in ("counts", "other"):
        write_plugin(tmp_path / "plugins", name, COUNTS, host="shared")
    write_plugin(tmp_path / "plugins", "wakes", COUNTS, host="shared", pauses=False)
    async with plugin_daemon([(BUILT_IN, tmp_path / "plugins")], tmp_path / "state") as daemon:
        daemon.hosts.pause("paused by you")
        first = asyncio.ensure_future(daemon.hosts.enable("counts"))
        await daemon.until(lambda: daemon.info("counts").pid is not None)
        joined = await asyncio.gather(daemon.hosts.enable("other"), daemon.hosts.enable("wakes"), first)
        assert [info.state for info in joined] == ["waiting", "running", "waiting"]
        assert len({info.pid for info in joined}) == 1
        assert await daemon.hosts.call("wakes", "count", {}) == 1
        daemon.hosts.resume()
        for name in ("counts", "other"):
            await daemon.until_state(name, "running")
            assert await daemon.hosts.call(name, "count", {}) == 1


async def test_the_host_that_ends_while_one_joins_it_comes_back_with_both(
    daemon: PluginDaemon, tmp_path: Path
) -> None:
    pid = daemon.info("counts").pid
    assert pid is not None
    write_plugin(tmp_path / "plugins", "one", host="shared")
    os.kill(pid, signal.SIGSTOP)
    joining = asyncio.ensure_future(daemon.hosts.enable("one"))
    await daemon.until(lambda: "starting" in daemon.reasons("one"))
    os.kill(pid, signal.SIGKILL)
    await joining
    joined = await daemon.until_state("one", "running")
    assert joined.pid == (await daemon.until_state("counts", "running")).pid != pid
    assert await daemon.hosts.call("counts", "count", {}) == 1


async def test_of_somebody_elses_plugin_nothing_stays_in_the_process(tmp_path: Path) -> None:
    for name in ("counts", "other"):
        write_plugin(tmp_path / "plugins", name, COUNTS, host="shared")
    async with plugin_daemon([("user", tmp_path / "plugins")], tmp_path / "state") as daemon:
        await daemon.hosts.enable("counts")
        pid = (await daemon.hosts.enable("other")).pid
        assert pid == daemon.info("counts").pid
        await daemon.hosts.disable("other")
        after = await daemon.until_state("counts", "running")
        assert pid is not None
        assert after.pid != pid
        assert not psutil.pid_exists(pid)
