"""`ingle desktop` beside a real daemon: what systemd hears of it, what status and doctor say of it."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from fakes.plugin_daemon import write_plugin
from fakes.running import START_S, daemon, environment
from ingle.client import Ingle

Start = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def start(private_dirs: Path) -> Iterator[Start]:
    """Start `ingle desktop`; whatever happens, it ends."""
    with ExitStack() as stack:

        def begin(*arguments: str, **environ: str) -> subprocess.Popen[str]:
            process = stack.enter_context(
                subprocess.Popen(
                    [sys.executable, "-m", "ingle.cli.main", "desktop", *arguments],
                    env=environment(private_dirs, **environ), text=True,
                    stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                )
            )  # fmt: skip
            stack.callback(process.kill)
            return process

        yield begin


@pytest.fixture
def manager(private_dirs: Path) -> Iterator[socket.socket]:
    """Where systemd would listen."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(str(private_dirs / "manager"))
        listening.settimeout(START_S)
        yield listening


def until(manager: socket.socket, words: str) -> list[str]:
    heard = [manager.recv(1000).decode()]
    while words not in heard[-1]:
        heard.append(manager.recv(1000).decode())
    return heard


def ingle(root: Path, *command: str) -> str:
    """On a terminal without a bus; the one of the test is a socket that never answers."""
    done = subprocess.run(
        [sys.executable, "-m", "ingle.cli.main", *command], text=True,
        env=environment(root, DBUS_SESSION_BUS_ADDRESS="unix:path=/nonexistent"),
        capture_output=True, timeout=60, check=False,
    )  # fmt: skip
    return done.stdout


def test_it_is_ready_before_there_is_a_daemon_and_says_how_it_fares(
    private_dirs: Path, start: Start, manager: socket.socket
) -> None:
    watched = {"NOTIFY_SOCKET": str(private_dirs / "manager"), "WATCHDOG_USEC": "2000000"}
    process = start(**watched)
    assert "READY=1" in until(manager, "STATUS=waits for the daemon")
    until(manager, "WATCHDOG=1")
    with daemon(private_dirs, ["--no-desktop"]):
        until(manager, "STATUS=plugins run in this session (without a screen)")
        process.send_signal(signal.SIGTERM)
        until(manager, "STOPPING=1")
        assert process.wait(START_S) == 0


def test_status_and_doctor_say_where_plugins_run(private_dirs: Path, start: Start) -> None:
    plugins = private_dirs / "data_home/ingle/plugins"
    write_plugin(plugins, "one", requires=["session-bus"])
    with socket.socket(socket.AF_UNIX) as bus, daemon(private_dirs, ["--no-desktop"]) as running:
        bus.bind(str(private_dirs / "runtime_dir/bus"))
        bus.listen()
        with running.client() as client:
            assert client.call("plugin.enable", name="one")["state"] == "waiting"
        assert "one waits for one" in ingle(private_dirs, "doctor")
        process = start()
        assert process.stderr is not None
        assert "plugins run in this session" in process.stderr.readline()
        with running.client() as client:
            info = client.call("plugin.enable", name="one")
            assert (info["state"], info["place"]) == (
                "running", "the desktop session (without a screen)",
            )  # fmt: skip
            assert client.status().desktop == "without a screen"
        status = ingle(private_dirs, "status")
        assert f"pid {info['pid']} in the desktop session (without a screen)" in status
        assert "`ingle desktop` offers one: without a screen" in ingle(private_dirs, "doctor")


def test_without_systemd_it_brings_its_daemon_along_once(private_dirs: Path, start: Start) -> None:
    process = start("--with-daemon")
    assert process.stderr is not None
    assert "plugins run in this session" in process.stderr.readline()
    with Ingle(private_dirs / "runtime_dir/ingle/ingle.sock") as client:
        pid = client.status().pid
        assert "--no-desktop" in Path(f"/proc/{pid}/cmdline").read_text().split("\0")
        client.call("daemon.stop")
    assert "waits for the daemon" in process.stderr.readline()
    process.send_signal(signal.SIGINT)
    assert process.wait(START_S) == 0


def test_a_wrong_configuration_does_not_keep_it_from_waiting(private_dirs: Path, start: Start) -> None:
    config = private_dirs / "config_home/ingle/config.toml"
    config.parent.mkdir()
    config.write_text("[engine]\nslotz = 3\n")
    process = start("--with-daemon")
    assert process.stderr is not None
    assert "unknown key 'engine.slotz'" in process.stderr.readline()
    assert "waits for the daemon" in process.stderr.readline()
    os.kill(process.pid, signal.SIGTERM)
    assert process.wait(START_S) == 0
