"""The desktop that the plugins work with: display, session bus, notifications. None is required."""

import shutil
import socket
import subprocess
from pathlib import Path

from ingle.cli.checkup.finding import Findings, ok, warn
from ingle.cli.session import Session

BUS_S = 5.0
NOTIFICATIONS = "org.freedesktop.Notifications"


def display(session: Session) -> Findings:
    wayland, x11 = session.environ.get("WAYLAND_DISPLAY"), session.environ.get("DISPLAY")
    if x11:
        also = " (Wayland with Xwayland)" if wayland else ""
        yield ok("display", f"{x11}{also}")
    elif wayland:
        yield ok("display", f"{wayland} (Wayland without Xwayland)")
    else:
        yield warn("display", "none", "desktop plugins wait for one; the command line needs none")


def session_bus(session: Session) -> Findings:
    address = session.environ.get("DBUS_SESSION_BUS_ADDRESS", "")
    runtime = session.environ.get("XDG_RUNTIME_DIR", "")
    if not address and runtime and Path(runtime, "bus").exists():
        address = f"unix:path={runtime}/bus"
    if not address or not _answers(address):
        yield warn("session bus", "none", "desktop plugins wait for one; `dbus-run-session` gives one")
        return
    yield ok("session bus", address.partition(",")[0])
    yield from _notifications(address)


def _answers(address: str) -> bool:
    """Whether somebody listens, for the kind of address that session buses have."""
    place = address.partition("path=")[2].partition(",")[0]
    if not address.startswith("unix:path="):
        return True
    with socket.socket(socket.AF_UNIX) as probe:
        try:
            probe.connect(place)
        except OSError:
            return False
    return True


def _notifications(address: str) -> Findings:
    if shutil.which("dbus-send") is None:
        yield warn("notifications", "not looked at", "install dbus-bin (dbus-send)")
    elif any(
        NOTIFICATIONS in _names(address, method) for method in ("ListNames", "ListActivatableNames")
    ):
        yield ok("notifications", "a notification daemon is there")
    else:
        yield warn(
            "notifications", "no notification daemon", "install one: dunst, mako, xfce4-notifyd, ..."
        )


def _names(address: str, method: str) -> str:
    command = ["dbus-send", f"--bus={address}", "--dest=org.freedesktop.DBus", "--print-reply"]
    target = ["/org/freedesktop/DBus", f"org.freedesktop.DBus.{method}"]
    try:
        done = subprocess.run(
            [*command, *target], capture_output=True, text=True, timeout=BUS_S, check=False
        )
    except subprocess.TimeoutExpired:
        return ""
    return done.stdout


CHECKS = (display, session_bus)
