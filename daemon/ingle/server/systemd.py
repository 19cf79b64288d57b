"""What systemd expects of a service: readiness, the watchdog, an inherited socket (sd_notify(3),
sd_listen_fds(3)). Without systemd all of it does nothing."""

import asyncio
import os
import socket
from collections.abc import Mapping
from contextlib import suppress

LISTEN_FDS_START = 3


def notify(environ: Mapping[str, str], message: str) -> None:
    """Tell the service manager, if there is one; a manager that went away is no error."""
    address = environ.get("NOTIFY_SOCKET", "")
    if not address:
        return
    if address.startswith("@"):
        address = "\0" + address[1:]
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock, suppress(OSError):
        sock.connect(address)
        sock.send(message.encode())


def inherited_socket(environ: Mapping[str, str]) -> socket.socket | None:
    """The listening socket that systemd made for this very process, or None."""
    if environ.get("LISTEN_PID") != str(os.getpid()) or environ.get("LISTEN_FDS", "0") == "0":
        return None
    os.set_inheritable(LISTEN_FDS_START, False)
    return socket.socket(fileno=LISTEN_FDS_START)


async def feed_watchdog(environ: Mapping[str, str]) -> None:
    """Say WATCHDOG=1 at half the interval for as long as the loop turns; returns if none is set."""
    with suppress(ValueError):
        interval_s = int(environ.get("WATCHDOG_USEC", "0")) / 1e6
        pid = environ.get("WATCHDOG_PID", str(os.getpid()))
        while interval_s > 0 and pid == str(os.getpid()):
            notify(environ, "WATCHDOG=1")
            await asyncio.sleep(interval_s / 2)
