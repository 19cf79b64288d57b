"""Plugins in real processes that crash, hang, are killed, lie and change: the daemon goes on."""

import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import psutil
import pytest

from fakes.plugin_daemon import CLINGS, SENDS, PluginDaemon, plugin_daemon, write_plugin
from ingle.errors import InvalidParams, NotFound, PluginFailed

CRASHES = """
from ingle.sdk import Ingle, Plugin

class It(Plugin):
    async def run(self, ingle: Ingle) -> None:
        raise ValueError("a secret text")
"""
BLOCKS = """
import signal
from ingle.sdk import Ingle, Plugin

class It(Plugin):
    async def run(self, ingle: Ingle) -> None:
        ingle.waiting("about to block")
        await ingle.put_context("now", kind="clipboard")
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
        signal.sigwait({signal.SIGUSR1})
"""


@pytest.fixture
async def daemon(tmp_path: Path) -> AsyncIterator[PluginDaemon]:
    """A daemon whose plugins the test writes into `tmp_path / "plugins"`."""
    async with plugin_daemon([("user", tmp_path / "plugins")], tmp_path / "state") as running:
        yield running


async def test_a_plugin_is_off_until_it_is_enabled(daemon: PluginDaemon, tmp_path: Path) -> None:
    write_plugin(tmp_path / "plugins", "one", SENDS, grants=["context.write"])
    await daemon.hosts.configure({})
    assert daemon.info("one").state == "disabled"
    info = await daemon.hosts.enable("one")
    assert (info.state, info.host, info.grants) == ("running", "one", ["context.write"])
    await daemon.until(lambda: bool(daemon.puts))
    assert daemon.puts[0].text == "from one"


async def test_disabling_ends_the_process_and_survives_a_restart(tmp_path: Path) -> None:
    write_plugin(tmp_path / "plugins", "one")
    write_plugin(tmp_path / "plugins", "two")
    search = [("user", tmp_path / "plugins")]
    async with plugin_daemon(search, tmp_path / "state") as daemon:
        pid = (await daemon.hosts.enable("one")).pid
        await daemon.hosts.enable("two")
        assert (await daemon.hosts.disable("one")).state == "disabled"
        assert pid is not None
        assert not psutil.pid_exists(pid)
    async with plugin_daemon(search, tmp_path / "state") as daemon:
        await daemon.until_state("two", "running")
        assert daemon.info("one").state == "disabled"


async def test_plugins_that_name_the_same_host_share_a_process(
    daemon: PluginDaemon, tmp_path: Path
) -> None:
    for name in ("one", "two"):
        write_plugin(tmp_path / "plugins", name, host="shared")
    write_plugin(tmp_path / "plugins", "three")
    for name in ("one", "two", "three"):
        await daemon.hosts.enable(name)
    pids = {name: (await daemon.until_state(name, "running")).pid for name in ("one", "two", "three")}
    assert pids["one"] == pids["two"] != pids["three"]


async def test_commands_are_called_with_checked_arguments(daemon: PluginDaemon, tmp_path: Path) -> None:
    write_plugin(tmp_path / "plugins", "one")
    info = await daemon.hosts.enable("one")
    assert info.commands == ["hello"]
    assert await daemon.hosts.call("one", "hello", {"name": "Ada"}) == "hello Ada"
    with pytest.raises(InvalidParams, match="name"):
        await daemon.hosts.call("one", "hello", {"name": 7})
    with pytest.raises(InvalidParams, match="nmae"):
        await daemon.hosts.call("one", "hello", {"nmae": "x"})
    with pytest.raises(NotFound, match="goodbye"):
        await daemon.hosts.call("one", "goodbye", {})
    with pytest.raises(NotFound, match="nobody"):
        await daemon.hosts.call("nobody", "hello", {})
    await daemon.hosts.disable("one")
    with pytest.raises(PluginFailed, match="disabled"):
        await daemon.hosts.call("one", "hello", {})


async def test_a_killed_host_is_restarted_and_the_others_go_on(
    daemon: PluginDaemon, tmp_path: Path
) -> None:
    write_plugin(tmp_path / "plugins", "one")
    write_plugin(tmp_path / "plugins", "two")
    first = (await daemon.hosts.enable("one")).pid
    second = (await daemon.hosts.enable("two")).pid
    assert first is not None
    os.kill(first, signal.SIGKILL)
    await daemon.until_state("one", "waiting", "killed by SIGKILL")
    again = await daemon.until_state("one", "running")
    assert again.pid not in {None, first}
    assert daemon.info("two").pid == second
    assert await daemon.hosts.call("one", "hello", {}) == "hello you"


async def test_three_deaths_in_five_minutes_disable_a_plugin_until_it_is_enabled_again(
    daemon: PluginDaemon, tmp_path: Path
) -> None:
    write_plugin(tmp_path / "plugins", "one")
    await daemon.hosts.enable("one")
    for _ in range(3):
        pid = (await daemon.until_state("one", "running")).pid
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        await daemon.until(lambda pid=pid: daemon.info("one").pid != pid)
    info = await daemon.until_state("one", "failed", "3 times in 5 minutes")
    assert "SIGKILL" in (info.reason or "")
    assert "ingle plugin enable one" in (info.reason or "")
    assert (await daemon.hosts.enable("one")).state == "running"


async def test_a_display_that_throws_a_host_out_is_nobodys_fault(
    daemon: PluginDaemon, tmp_path: Path
) -> None:
    code = """
    import os
    from ingle.sdk import Ingle, Plugin

    class It(Plugin):
        async def run(self, ingle: Ingle) -> None:
            times = ingle.folder / "times"
            before = len(times.read_text()) if times.exists() else 0
            times.write_text("x" * (before + 1))
            if before < 3:
                os._exit(69)
            await super().run(ingle)
    """
    write_plugin(tmp_path / "plugins", "draws", code)
    await daemon.hosts.enable("draws")
    thrown = "its host has ended: the display has ended its connection"
    await daemon.until(lambda: daemon.reasons("draws").count(thrown) == 3)
    await daemon.until_state("draws", "running")


async def test_an_exception_is_told_without_its_text_and_counted(
    daemon: PluginDaemon, tmp_path: Path
) -> None:
    write_plugin(tmp_path / "plugins", "bad", CRASHES, host="shared")
    write_plugin(tmp_path / "plugins", "good", host="shared")
    await daemon.hosts.enable("good")
    await daemon.hosts.enable("bad")
    await daemon.until_state("bad", "failed", "3 times")
    assert any("ValueError in plugin.py, line 6" in reason for reason in daemon.reasons("bad"))
    assert not any("secret" in reason for reason in daemon.reasons("bad"))
    assert (await daemon.until_state("good", "running")).commands == ["hello"]


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("import no_such_library", "No module named 'no_such_library'"),
        ("def broken(:", "SyntaxError in plugin.py, line 1"),
        ("1 / 0", "ZeroDivisionError in plugin.py, line 1"),
        ("x = 1", "0 subclasses of Plugin"),
        (
            "from ingle.sdk import Plugin, command\nclass It(Plugin):\n @command\n async def f(self, x): ...",
            "'x' of the command It.f has no type",
        ),
        (
            "from ingle.sdk import CannotRun, Plugin\nclass It(Plugin):\n"
            " async def run(self, ingle):\n  raise CannotRun('there is no printer')",
            "there is no printer",
        ),
    ],
)
async def test_what_cannot_work_fails_at_once_with_its_reason(
    daemon: PluginDaemon, tmp_path: Path, code: str, reason: str
) -> None:
    write_plugin(tmp_path / "plugins", "bad", code)
    await daemon.hosts.enable("bad")
    await daemon.until_state("bad", "failed", reason)


async def test_a_plugin_that_does_not_stop_is_stopped(daemon: PluginDaemon, tmp_path: Path) -> None:
    write_plugin(tmp_path / "plugins", "clings", CLINGS, grants=["context.write"])
    pid = (await daemon.hosts.enable("clings")).pid
    assert (await daemon.hosts.disable("clings")).state == "disabled"
    assert pid is not None
    assert not psutil.pid_exists(pid)


async def test_a_plugin_that_blocks_its_process_is_killed_when_it_is_disabled(
    daemon: PluginDaemon, tmp_path: Path
) -> None:
    write_plugin(tmp_path / "plugins", "blocks", BLOCKS, grants=["context.write"])
    await daemon.hosts.enable("blocks")
    await daemon.until(lambda: bool(daemon.puts))
    pid = daemon.info("blocks").pid
    assert (await daemon.hosts.disable("blocks")).state == "disabled"
    assert pid is not None
    assert not psutil.pid_exists(pid)


async def test_a_call_that_was_not_granted_is_refused(daemon: PluginDaemon, tmp_path: Path) -> None:
    code = """
    from ingle.sdk import Ingle, NotPermitted, Plugin

    class It(Plugin):
        async def run(self, ingle: Ingle) -> None:
            try:
                await ingle.call("daemon.stop")
            except NotPermitted as error:
                ingle.waiting(f"refused: {error.message}")
            await super().run(ingle)
    """
    write_plugin(tmp_path / "plugins", "sly", code, grants=["context.write"])
    await daemon.hosts.enable("sly")
    await daemon.until_state("sly", "waiting", "refused: plugin sly may not call daemon.stop")


async def test_a_change_after_the_approval_asks_again(daemon: PluginDaemon, tmp_path: Path) -> None:
    write_plugin(tmp_path / "plugins", "one")
    await daemon.hosts.enable("one")
    write_plugin(tmp_path / "plugins", "one", SENDS, grants=["context.write"])
    await daemon.hosts.configure({})
    await daemon.until_state("one", "disabled", "changed since you approved it")
    assert not daemon.hosts.grants("one")[0].grants[0].approved
    assert not daemon.puts
    assert (await daemon.hosts.enable("one")).state == "running"
    assert daemon.hosts.grants("one")[0].grants[0].approved


async def test_code_changed_behind_our_back_does_not_run_after_a_crash(
    daemon: PluginDaemon, tmp_path: Path
) -> None:
    home = write_plugin(tmp_path / "plugins", "one")
    pid = (await daemon.hosts.enable("one")).pid
    (home / "evil.py").write_text("print('boo')")
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    await daemon.until_state("one", "disabled", "changed since you approved it")


async def test_a_flood_costs_the_flooder_and_nobody_else(daemon: PluginDaemon, tmp_path: Path) -> None:
    code = """
    import asyncio
    from ingle.sdk import Busy, Ingle, Plugin

    class It(Plugin):
        async def run(self, ingle: Ingle) -> None:
            sent = [ingle.put_context("x" * 1000, kind="clipboard") for _ in range(2000)]
            answers = await asyncio.gather(*sent, return_exceptions=True)
            busy = sum(isinstance(answer, Busy) for answer in answers)
            ingle.waiting(f"{len(answers)} answers, some busy: {busy > 0}")
            await super().run(ingle)
    """
    write_plugin(tmp_path / "plugins", "flood", code, grants=["context.write"])
    write_plugin(tmp_path / "plugins", "one")
    await daemon.hosts.enable("flood")
    await daemon.hosts.enable("one")
    assert await daemon.hosts.call("one", "hello", {}) == "hello you"
    await daemon.until_state("flood", "waiting", "2000 answers")


async def test_a_frame_that_is_too_long_ends_the_host_and_counts_for_its_plugin(
    daemon: PluginDaemon, tmp_path: Path
) -> None:
    code = """
    from ingle.sdk import Ingle, Plugin

    class It(Plugin):
        async def run(self, ingle: Ingle) -> None:
            await ingle.call("context.put", {"kind": "x", "text": "y" * 17_000_000})
    """
    write_plugin(tmp_path / "plugins", "loud", code, grants=["context.write"])
    await daemon.hosts.enable("loud")
    await daemon.until_state("loud", "waiting", "broke the protocol")
    assert not daemon.puts


async def test_new_settings_reach_a_running_plugin(daemon: PluginDaemon, tmp_path: Path) -> None:
    code = """
    from ingle.sdk import Ingle, Plugin

    class It(Plugin):
        async def run(self, ingle: Ingle) -> None:
            await ingle.put_context(f"{ingle.settings.word} {ingle.settings['times']}", kind="x")
            await super().run(ingle)
    """
    settings = {
        "word": {"type": "str", "default": "hm", "help": "what to say"},
        "times": {"type": "int", "default": 1, "help": "how often", "min": 1},
    }
    write_plugin(tmp_path / "plugins", "says", code, grants=["context.write"], settings=settings)
    pid = (await daemon.hosts.enable("says")).pid
    await daemon.until(lambda: len(daemon.puts) == 1)
    await daemon.hosts.configure({"says": {"word": "hey"}})
    await daemon.until(lambda: len(daemon.puts) == 2)
    assert [put.text for put in daemon.puts] == ["hm 1", "hey 1"]
    assert daemon.info("says").pid == pid


async def test_a_plugin_waits_for_what_it_requires_and_starts_when_it_is_there(tmp_path: Path) -> None:
    import socket

    write_plugin(tmp_path / "plugins", "one", requires=["session-bus"])
    environ = {"XDG_RUNTIME_DIR": str(tmp_path)}
    search = [("user", tmp_path / "plugins")]
    async with plugin_daemon(search, tmp_path / "state", environ=environ) as daemon:
        info = await daemon.hosts.enable("one")
        assert (info.state, info.pid) == ("waiting", None)
        assert "no session bus" in (info.reason or "")
        with socket.socket(socket.AF_UNIX) as bus:
            bus.bind(str(tmp_path / "bus"))
            bus.listen()
            await daemon.until_state("one", "running")


async def test_no_host_outlives_the_daemon(tmp_path: Path) -> None:
    for name, code in (("one", SENDS), ("clings", CLINGS), ("blocks", BLOCKS)):
        write_plugin(tmp_path / "plugins", name, code, grants=["context.write"])
    async with plugin_daemon([("user", tmp_path / "plugins")], tmp_path / "state") as daemon:
        for name in ("one", "clings", "blocks"):
            await daemon.hosts.enable(name)
        await daemon.until(lambda: len(daemon.puts) >= 2)
        pids = [info.pid for info in daemon.hosts.list()]
    assert not any(psutil.pid_exists(pid) for pid in pids if pid)


async def test_siblings_of_a_plugin_are_imported_relatively(
    daemon: PluginDaemon, tmp_path: Path
) -> None:
    for name in ("one", "two"):
        code = """
        from ingle.sdk import Plugin, command
        from .words import WORD

        class It(Plugin):
            @command
            async def word(self) -> str:
                return WORD
        """
        home = write_plugin(tmp_path / "plugins", name, code, host="shared")
        (home / "words.py").write_text(f"WORD = {name!r}")
        await daemon.hosts.enable(name)
    assert [await daemon.hosts.call(name, "word", {}) for name in ("one", "two")] == ["one", "two"]
