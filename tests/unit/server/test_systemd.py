"""sd_notify and socket activation against the real datagram protocol."""

import asyncio
import os
import socket
from pathlib import Path

import pytest

from ingle.server import systemd


def manager(path: Path | str) -> socket.socket:
    receiver = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    receiver.bind(str(path))
    receiver.settimeout(5)
    return receiver


@pytest.mark.parametrize("abstract", [False, True])
def test_the_manager_is_told(private_dirs: Path, abstract: bool) -> None:
    name = f"ingle-test-{os.getpid()}" if abstract else str(private_dirs / "n")
    with manager("\0" + name if abstract else name) as receiver:
        systemd.notify({"NOTIFY_SOCKET": "@" + name if abstract else name}, "READY=1")
        assert receiver.recv(100) == b"READY=1"


def test_a_missing_manager_is_no_error(private_dirs: Path) -> None:
    systemd.notify({}, "READY=1")
    systemd.notify({"NOTIFY_SOCKET": str(private_dirs / "gone")}, "READY=1")


async def test_the_watchdog_is_fed_again_and_again(private_dirs: Path) -> None:
    with manager(private_dirs / "n") as receiver:
        environ = {"NOTIFY_SOCKET": str(private_dirs / "n"), "WATCHDOG_USEC": "2000"}
        feeding = asyncio.create_task(systemd.feed_watchdog(environ))
        for _ in range(3):
            assert await asyncio.to_thread(receiver.recv, 100) == b"WATCHDOG=1"
        feeding.cancel()


@pytest.mark.parametrize(
    "environ", [{}, {"WATCHDOG_USEC": "x"}, {"WATCHDOG_USEC": "9", "WATCHDOG_PID": "1"}]
)
async def test_without_a_watchdog_for_this_process_nothing_is_fed(environ: dict[str, str]) -> None:
    async with asyncio.timeout(5):
        await systemd.feed_watchdog(environ)


def test_only_a_socket_for_this_process_is_inherited() -> None:
    assert systemd.inherited_socket({}) is None
    assert systemd.inherited_socket({"LISTEN_FDS": "1", "LISTEN_PID": "1"}) is None
    assert systemd.inherited_socket({"LISTEN_FDS": "0", "LISTEN_PID": str(os.getpid())}) is None
