"""Sees to it that a daemon runs which has a display: the person's own, or a virtual one.

A daemon that runs already and has one is left alone. One without, or with another, is started
again, since a process cannot be given a display later.
"""

import os
import socket
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import virtual

from ingle.cli.starting import start_daemon
from ingle.client import Ingle
from ingle.errors import Unavailable
from ingle.paths import Paths

NAMES = ("DISPLAY", "DBUS_SESSION_BUS_ADDRESS", "WAYLAND_DISPLAY", "XAUTHORITY")
INGLE = Path(sys.executable).with_name("ingle")


@dataclass(frozen=True)
class Prepared:
    """What the demo stands on: in words, what had to be done for it, and the daemon's socket."""

    display: str
    daemon: str
    socket_path: Path


def prepare(paths: Paths) -> Prepared:
    """Have a daemon with a display; this process's environment then names the same one.

    Raises `DaemonNotRunning` where it does not start.
    """
    own = os.environ.get("DISPLAY", "")
    theirs = _environment_of_daemon(paths.socket)
    if theirs is not None and _fits(theirs, own):
        _adopt(theirs)
        return Prepared(theirs["DISPLAY"], "runs already", paths.socket)
    if theirs is not None:
        subprocess.run([INGLE, "--quiet", "stop"], check=True)
    how = "started again, now with a display" if theirs is not None else "started"
    if _answers(own):
        start_daemon(paths.socket)
        return Prepared(own, how, paths.socket)
    return _on_virtual(paths, how)


def _on_virtual(paths: Paths, how: str) -> Prepared:
    try:
        environ, keeper = virtual.start()
    except virtual.CannotStart as error:
        start_daemon(paths.socket)
        return Prepared(f"none, and no virtual one: {error}", "started", paths.socket)
    os.environ.pop("WAYLAND_DISPLAY", None)
    os.environ.update(environ)
    start_daemon(paths.socket)
    virtual.hand_over(keeper, paths.socket)
    display = f"{environ['DISPLAY']}, a virtual one, since there is none; it goes with the daemon"
    return Prepared(display, how, paths.socket)


def _environment_of_daemon(socket_path: Path) -> dict[str, str] | None:
    """The environment that the running daemon was started with; None where none runs."""
    try:
        with Ingle(socket_path) as ingle:
            block = Path(f"/proc/{ingle.status().pid}/environ").read_bytes()
    except (Unavailable, OSError):
        return None
    pairs = (entry.decode("utf-8", "replace").partition("=") for entry in block.split(b"\0"))
    return {name: value for name, _, value in pairs}


def _fits(theirs: dict[str, str], own: str) -> bool:
    display = theirs.get("DISPLAY", "")
    return _answers(display) and (display == own or not _answers(own))


def _adopt(theirs: dict[str, str]) -> None:
    for name in NAMES:
        os.environ.pop(name, None)
        if name in theirs:
            os.environ[name] = theirs[name]


def _answers(display: str) -> bool:
    """Whether an X server listens there; one on another machine is believed."""
    host, _, number = display.partition(":")
    if host not in {"", "unix"} or not number:
        return bool(display and number)
    path = str(virtual.X_SOCKETS / f"X{number.partition('.')[0]}")
    with socket.socket(socket.AF_UNIX) as probe:
        return probe.connect_ex(path) == 0
