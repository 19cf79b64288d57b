"""The desktop's part at login: started by systemd, or, where systemd does not, from here.

GNOME, KDE and sway with systemd reach graphical-session.target, and `ingle-desktop.service` starts
with it. Other desktops run the autostart file: with a user manager it has that start the same
unit, and without one the process itself becomes what the unit would run.
"""

import os
import subprocess
import time
from collections.abc import Mapping

from ingle.cli.installing import shipped
from ingle.cli.installing.manager import GRAPHICAL, Manager
from ingle.cli.installing.table import UNITS
from ingle.cli.session import Session
from ingle.cli.starting import PATIENCE_S, RETRY_S
from ingle.errors import IngleError
from ingle.plughost import launchers

DESKTOP = UNITS[-1]
PASSED = (
    "DISPLAY",
    "WAYLAND_DISPLAY",
    "XAUTHORITY",
    "XDG_CURRENT_DESKTOP",
    "XDG_SESSION_DESKTOP",
    "XDG_SESSION_TYPE",
)
"""What desktops with graphical-session.target tell the user manager by themselves."""


def has_screen(environ: Mapping[str, str]) -> bool:
    """Whether this process can show something; a display that ssh forwards is no session."""
    return environ.get("DISPLAY", "").startswith(":") or "WAYLAND_DISPLAY" in environ


def has_desktop(manager: Manager, environ: Mapping[str, str]) -> bool:
    """Whether there is a session with a screen here and now."""
    return has_screen(environ) or manager.is_active(GRAPHICAL)


def pass_on_display(manager: Manager, environ: Mapping[str, str]) -> None:
    """Tell the user manager what a desktop without graphical-session.target does not.

    Raises `IngleError`.
    """
    names = [name for name in PASSED if name in environ]
    if names and not manager.is_active(GRAPHICAL):
        manager.import_environment(*names)


def at_login(session: Session, manager: Manager) -> str:
    """What the autostart file runs; gives what was done. Does not return where there is no manager.

    Raises `IngleError`.
    """
    if not manager.is_reachable or manager.show(DESKTOP, "LoadState") != "loaded":
        program, *words = _words()
        os.execv(program, [program, *words])  # noqa: S606 - no shell is the point
    if manager.is_active(GRAPHICAL):
        return f"nothing to do: systemd starts {DESKTOP}"
    pass_on_display(manager, session.environ)
    manager.restart(DESKTOP)  # one that was left by an earlier session has another display
    return f"started {DESKTOP}"


def start_detached(session: Session) -> None:
    """The same beside us, in this session, which outlives this command and its terminal.

    Returns when `launchers.running` finds it. Raises `IngleError` when it has ended instead.
    """
    process = subprocess.Popen(
        _words(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd="/",
        env={**session.environ, "INGLE_SOCKET": str(session.paths.socket)},
        start_new_session=True,
    )
    deadline = time.monotonic() + PATIENCE_S
    while not launchers.running(session.paths.socket.parent) and time.monotonic() < deadline:
        if process.poll() is not None:
            raise IngleError("`ingle desktop` ended right after its start", "`ingle desktop` shows why")
        time.sleep(RETRY_S)


def _words() -> list[str]:
    return [str(shipped.find().programs / "ingle"), "desktop", "--with-daemon"]
