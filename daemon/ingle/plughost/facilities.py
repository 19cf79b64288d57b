"""What a plugin can require of the machine, whether it is there, and whether it was replaced since.

Something is there when somebody listens on its socket: servers that were killed leave theirs
behind. What happens after that is the plugin's business.
"""

import re
import socket
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

SYSTEM_BUS = Path("/run/dbus/system_bus_socket")
X_SOCKETS = Path("/tmp/.X11-unix")  # noqa: S108 - where every X server puts its socket
_LOCAL_DISPLAY = re.compile(r"(?:unix)?:(\d+)(?:\.\d+)?")
_BUS_PATH = re.compile(r"unix:(?:.*,)?path=([^,;]+)")

Mark = tuple[int, int, int]
"""Of a socket that is there: made again, it has another one."""
Marks = Mapping[str, list[Mark | None]]
"""By facility."""


def _missing_display(environ: Mapping[str, str]) -> str | None:
    display, wayland = environ.get("DISPLAY", ""), environ.get("WAYLAND_DISPLAY", "")
    if not display and not wayland:
        return "no display (neither DISPLAY nor WAYLAND_DISPLAY is set)"
    candidates = _display_sockets(environ)
    if any(map(listens, candidates)) or (display and not _x_socket(display)):
        return None
    return f"no display ({_silent(candidates)})"


def _display_sockets(environ: Mapping[str, str]) -> list[Path]:
    found = (_x_socket(environ.get("DISPLAY", "")), _wayland_socket(environ))
    return [path for path in found if path]


def _x_socket(display: str) -> Path | None:
    """None for a display on another machine, whose presence nobody can see."""
    found = _LOCAL_DISPLAY.fullmatch(display)
    return X_SOCKETS / f"X{found[1]}" if found else None


def _wayland_socket(environ: Mapping[str, str]) -> Path | None:
    name, runtime = environ.get("WAYLAND_DISPLAY", ""), environ.get("XDG_RUNTIME_DIR", "")
    return Path(runtime) / name if name and (runtime or name.startswith("/")) else None


def _missing_bus(environ: Mapping[str, str]) -> str | None:
    address = environ.get("DBUS_SESSION_BUS_ADDRESS", "")
    path = _bus_socket(environ)
    if path is None:
        return None if address else "no session bus (DBUS_SESSION_BUS_ADDRESS is not set)"
    return None if listens(path) else f"no session bus ({_silent([path])})"


def _bus_socket(environ: Mapping[str, str]) -> Path | None:
    address, runtime = environ.get("DBUS_SESSION_BUS_ADDRESS", ""), environ.get("XDG_RUNTIME_DIR", "")
    if address:
        found = _BUS_PATH.match(address)
        return Path(found[1]) if found else None
    return Path(runtime) / "bus" if runtime else None


def _missing_system_bus(environ: Mapping[str, str]) -> str | None:
    path = _system_bus_socket(environ)
    return None if path is None or listens(path) else f"no system bus ({_silent([path])})"


def _system_bus_socket(environ: Mapping[str, str]) -> Path | None:
    """None for an address that is no path, whose presence nobody can see."""
    address = environ.get("DBUS_SYSTEM_BUS_ADDRESS", "")
    found = _BUS_PATH.match(address)
    if found:
        return Path(found[1])
    return None if address else SYSTEM_BUS


FACILITIES: dict[str, Callable[[Mapping[str, str]], str | None]] = {
    "display": _missing_display,
    "session-bus": _missing_bus,
    "system-bus": _missing_system_bus,
}
OF_THE_DESKTOP = frozenset({"display", "session-bus", "system-bus"})
"""Those that a graphical session has, and the daemon in its sandbox has not."""

_SOCKETS: dict[str, Callable[[Mapping[str, str]], list[Path | None]]] = {
    "display": lambda environ: [*_display_sockets(environ)],
    "session-bus": lambda environ: [_bus_socket(environ)],
    "system-bus": lambda environ: [_system_bus_socket(environ)],
}


def missing(requires: Iterable[str], environ: Mapping[str, str]) -> str | None:
    """What is not there, in words for a person; None when everything is."""
    reasons = (FACILITIES[name](environ) for name in requires)
    return next((reason for reason in reasons if reason), None)


def sockets(environ: Mapping[str, str]) -> frozenset[Path]:
    """All that stand for some facility, there or not."""
    found = (path for each in _SOCKETS.values() for path in each(environ))
    return frozenset(path for path in found if path)


def marks(requires: Iterable[str], environ: Mapping[str, str]) -> Marks:
    """What stands for each facility just now."""
    return {name: [mark_of(path) for path in _SOCKETS[name](environ) if path] for name in requires}


def lost(before: Marks, environ: Mapping[str, str]) -> str | None:
    """What of `marks` has ended since, even if it is back; None when everything goes on."""
    gone = missing(before, environ)
    if gone is not None:
        return gone
    now = marks(before, environ)
    changed = (name for name in before if before[name] != now[name])
    return next((f"the {name.replace('-', ' ')} was started anew" for name in changed), None)


def in_words(environ: Mapping[str, str]) -> str:
    """Which screen an environment belongs to: "X11 :0", "Wayland wayland-0"."""
    display, wayland = environ.get("DISPLAY", ""), environ.get("WAYLAND_DISPLAY", "")
    if wayland:
        return f"Wayland {wayland}"
    return f"X11 {display}" if display else "without a screen"


def mark_of(path: Path) -> Mark | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino, status.st_ctime_ns


def listens(path: Path) -> bool:
    """Whether somebody would answer; nothing is said, and the connection is given up at once."""
    with socket.socket(socket.AF_UNIX) as probe:
        probe.setblocking(False)
        try:
            probe.connect(str(path))
        except BlockingIOError:  # so many wait for it that it must be there
            return True
        except OSError:
            return False
    return True


def _silent(paths: list[Path]) -> str:
    left = [path for path in paths if mark_of(path)]
    if left:
        return f"{' and '.join(map(str, left))} does not answer"
    return f"{' and '.join(map(str, paths))} is not there"
