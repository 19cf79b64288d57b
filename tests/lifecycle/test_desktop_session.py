"""Plugin hosts in a graphical session that comes, goes, is taken over and loses its servers."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path

import psutil
import pytest

from fakes.desktop_session import WAITS, Bus, Desktop, daemon_on
from fakes.plugin_daemon import PATIENCE_S, PluginDaemon, write_plugin

ALONE = """
import fcntl
from pathlib import Path
from ingle.sdk import CannotRun, Ingle, Plugin, command

class It(Plugin):
    async def run(self, ingle: Ingle) -> None:
        ingle.log.warning("a word for the log")
        with (Path(__file__).parents[2] / "alone").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise CannotRun("it runs twice") from None
            await super().run(ingle)

    @command
    async def hello(self) -> str:
        return "hello"
"""
"""Two of it at the same time are one too many."""

Offer = Callable[..., Awaitable[Desktop]]


@pytest.fixture
def root(private_dirs: Path) -> Path:
    write_plugin(private_dirs / "plugins", "one", ALONE, requires=["session-bus"])
    return private_dirs


@pytest.fixture
def bus(root: Path) -> Iterator[Bus]:
    session_bus = Bus(root / "runtime_dir")
    session_bus.start()
    yield session_bus
    session_bus.kill()


@pytest.fixture
async def daemon(root: Path) -> AsyncIterator[PluginDaemon]:
    """As `ingled --no-desktop`."""
    search = [("user", root / "plugins")]
    environ = {"DBUS_SYSTEM_BUS_ADDRESS": "unix:path=/nonexistent"}
    async with daemon_on(
        root / "sock", search, root / "state", environ=environ, hosts_desktop=False
    ) as running:
        yield running


@pytest.fixture
async def offer(root: Path) -> AsyncIterator[Offer]:
    """Start `ingle desktop`; whatever happens, it ends."""
    started: list[Desktop] = []

    async def start(*arguments: str, **environ: str) -> Desktop:
        started.append(await Desktop.start(root / "sock", root, *arguments, **environ))
        return started[-1]

    yield start
    for desktop in started:
        await desktop.stop(signal.SIGKILL)


async def test_plugins_wait_for_a_session_and_run_in_it(
    daemon: PluginDaemon, bus: Bus, offer: Offer, root: Path
) -> None:
    info = await daemon.hosts.enable("one")
    assert (info.state, info.pid) == ("waiting", None)
    assert "no desktop session" in (info.reason or "")
    desktop = await offer(XDG_SESSION_TYPE="tty", A_SECRET="x")
    info = await daemon.until_state("one", "running")
    assert info.place == "the desktop session (without a screen)"
    assert info.pid is not None
    host = psutil.Process(info.pid)
    assert host.ppid() == desktop.process.pid
    assert host.environ()["XDG_SESSION_TYPE"] == "tty"
    assert "A_SECRET" not in host.environ()
    assert await daemon.hosts.call("one", "hello", {}) == "hello"


async def test_what_needs_no_desktop_is_a_child_of_the_daemon(
    daemon: PluginDaemon, bus: Bus, offer: Offer, root: Path
) -> None:
    write_plugin(root / "plugins", "two")
    desktop = await offer()
    await desktop.attached()
    await daemon.hosts.enable("one")
    info = await daemon.hosts.enable("two")
    assert (info.place, psutil.Process(info.pid).ppid()) == ("", os.getpid())
    assert (await daemon.until_state("one", "running")).place


async def test_the_session_has_a_system_bus_where_the_daemons_sandbox_has_none(
    daemon: PluginDaemon, bus: Bus, offer: Offer, root: Path
) -> None:
    write_plugin(root / "plugins", "two", requires=["system-bus"])
    await daemon.hosts.enable("two")
    await daemon.until_state("two", "waiting", "no desktop session")
    await offer(DBUS_SYSTEM_BUS_ADDRESS=f"unix:path={bus.path}")
    info = await daemon.until_state("two", "running")
    assert info.place


async def test_a_session_that_lacks_something_says_what(
    daemon: PluginDaemon, bus: Bus, offer: Offer, root: Path
) -> None:
    write_plugin(root / "plugins", "two", requires=["display"])
    bus.kill()
    await (await offer()).attached()
    await daemon.hosts.enable("two")
    await daemon.until_state("two", "waiting", "no display")
    await daemon.hosts.enable("one")
    await daemon.until_state("one", "waiting", "bus does not answer")
    bus.clear()
    bus.start()
    await daemon.until_state("one", "running")


async def test_what_was_not_granted_is_refused_there_too(
    daemon: PluginDaemon, bus: Bus, offer: Offer, root: Path
) -> None:
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
    write_plugin(root / "plugins", "sly", code, requires=["session-bus"])
    await offer()
    await daemon.hosts.enable("sly")
    await daemon.until_state("sly", "waiting", "refused: plugin sly may not call daemon.stop")


@pytest.mark.parametrize("sign", [signal.SIGTERM, signal.SIGKILL])
async def test_with_the_session_its_hosts_end_and_nobody_is_blamed(
    daemon: PluginDaemon, bus: Bus, offer: Offer, sign: signal.Signals
) -> None:
    await daemon.hosts.enable("one")
    for _ in range(4):
        desktop = await offer()
        host = psutil.Process((await daemon.until_state("one", "running")).pid)
        assert await desktop.stop(sign) == (0 if sign is signal.SIGTERM else -sign)
        await daemon.until_state("one", "waiting", "no desktop session")
        await asyncio.to_thread(host.wait, PATIENCE_S)


async def test_a_crash_counts_there_as_anywhere(daemon: PluginDaemon, bus: Bus, offer: Offer) -> None:
    await (await offer()).attached()
    await daemon.hosts.enable("one")
    for _ in range(3):
        pid = (await daemon.until_state("one", "running")).pid
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        await daemon.until(lambda pid=pid: daemon.info("one").pid != pid)
    await daemon.until_state("one", "failed", "3 times in 5 minutes")
    assert "SIGKILL" in (daemon.info("one").reason or "")


async def test_a_host_that_ends_with_its_bus_comes_back_with_it(
    daemon: PluginDaemon, bus: Bus, offer: Offer
) -> None:
    await (await offer()).attached()
    await daemon.hosts.enable("one")
    for _ in range(4):
        pid = (await daemon.until_state("one", "running")).pid
        assert pid is not None
        bus.kill()
        os.kill(pid, signal.SIGTERM)  # what GLib does to a process whose session bus has ended
        await daemon.until_state("one", "waiting", "bus does not answer")
        bus.clear()
        bus.start()
    await daemon.until_state("one", "running")


async def test_a_host_whose_bus_was_started_anew_is_started_anew(
    daemon: PluginDaemon, bus: Bus, offer: Offer
) -> None:
    await (await offer()).attached()
    await daemon.hosts.enable("one")
    for _ in range(4):
        pid = (await daemon.until_state("one", "running")).pid
        assert pid is not None
        bus.kill()
        bus.clear()
        bus.start()
        os.kill(pid, signal.SIGKILL)
        await daemon.until(lambda pid=pid: daemon.info("one").pid not in {pid, None})
    assert any("was started anew" in reason for reason in daemon.reasons("one"))


async def test_a_plugin_that_lives_on_without_its_bus_is_left_alone(
    daemon: PluginDaemon, bus: Bus, offer: Offer, root: Path
) -> None:
    await (await offer()).attached()
    pid = (await daemon.hosts.enable("one")).pid
    bus.kill()
    bus.clear()
    await daemon.hosts.configure({})
    write_plugin(root / "plugins", "two")
    await daemon.hosts.enable("two")
    assert daemon.info("one").pid == pid
    assert await daemon.hosts.call("one", "hello", {}) == "hello"


async def test_the_newer_session_takes_over_and_the_older_ends_with_a_word(
    daemon: PluginDaemon, bus: Bus, offer: Offer
) -> None:
    older = await (await offer()).attached()
    first = await daemon.hosts.enable("one")
    newer = await (await offer()).attached()
    assert await older.ends() == 0
    assert "another `ingle desktop` took over" in older.said[-1]
    await daemon.until(lambda: daemon.info("one").pid not in {first.pid, None})
    info = await daemon.until_state("one", "running")
    assert psutil.Process(info.pid).ppid() == newer.process.pid


async def test_a_daemon_with_a_desktop_of_its_own_hands_it_over_and_takes_it_back(
    root: Path, bus: Bus, offer: Offer
) -> None:
    search = [("user", root / "plugins")]
    environ = {"XDG_RUNTIME_DIR": str(root / "runtime_dir")}
    async with daemon_on(root / "sock", search, root / "state", environ=environ) as daemon:
        first = await daemon.hosts.enable("one")
        assert (first.state, first.place) == ("running", "")
        desktop = await offer()
        await daemon.until(lambda: bool(daemon.info("one").place))
        await daemon.until_state("one", "running")
        assert await desktop.stop() == 0
        await daemon.until(lambda: daemon.info("one").pid is not None and not daemon.info("one").place)
        await daemon.until_state("one", "running")


async def test_it_waits_for_a_daemon_and_finds_the_next_one(root: Path, bus: Bus, offer: Offer) -> None:
    search = [("user", root / "plugins")]
    desktop = await offer()
    await desktop.says(WAITS)
    async with daemon_on(root / "sock", search, root / "state", hosts_desktop=False) as daemon:
        await desktop.attached()
        await daemon.hosts.enable("one")
        host = psutil.Process((await daemon.until_state("one", "running")).pid)
    await desktop.says(WAITS)
    await asyncio.to_thread(host.wait, PATIENCE_S)
    async with daemon_on(root / "sock", search, root / "state", hosts_desktop=False) as daemon:
        await desktop.attached()
        await daemon.until_state("one", "running")
    assert await desktop.stop() == 0
    assert not psutil.pid_exists(desktop.process.pid)


async def test_what_a_plugin_says_there_reaches_the_daemons_log(
    daemon: PluginDaemon, bus: Bus, offer: Offer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG", "ingle.procs.child")
    await offer()
    await daemon.hosts.enable("one")
    await daemon.until_state("one", "running")
    await daemon.hosts.disable("one")
    assert "a word for the log" in caplog.text


async def test_nothing_piles_up(daemon: PluginDaemon, bus: Bus, offer: Offer) -> None:
    desktop = await (await offer()).attached()
    launcher = psutil.Process(desktop.process.pid)
    files, threads = [], []
    for _ in range(12):
        await daemon.hosts.enable("one")
        await daemon.until_state("one", "running")
        await daemon.hosts.disable("one")
        files.append((launcher.num_fds(), psutil.Process().num_fds()))
        threads.append(launcher.num_threads())
    assert files[1:] == files[:1] * 11
    pool = min(32, (os.cpu_count() or 1) + 4)  # asyncio's, which grows as it is used
    assert threads[-1] < threads[0] + pool
