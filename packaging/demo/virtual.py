"""A desktop for a machine that has none: an X server in memory, a session bus, notifications.

It is a process of its own, detached, that lives as long as the daemon which uses it. It prints
the environment of the desktop as one line of JSON, reads the daemon's socket as one line, and
ends when that connection does; if the line never comes (Ctrl-C in the demo), it ends at once.
"""

import json
import os
import signal
import subprocess
import sys
import tempfile
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import IO

from ingle.client import Ingle
from ingle.errors import ConnectionLost, DaemonNotRunning

SCREEN = "1280x800x24"
DISPLAYS = range(90, 100)
NOTIFICATIONS = "org.freedesktop.Notifications"
NOTIFICATION_DAEMONS = (
    Path("/usr/lib/notification-daemon/notification-daemon"),
    Path("/usr/libexec/notification-daemon"),
)
X_SOCKETS = Path("/tmp/.X11-unix")  # noqa: S108 - where every X server puts its socket
GRACE_S = 2.0


class CannotStart(Exception):
    """A part of the desktop is missing or did not come up; the message is for a person."""


def start() -> tuple[dict[str, str], subprocess.Popen[str]]:
    """Start the desktop in a process of its own; gives its environment and the process.

    Raises `CannotStart`.
    """
    keeper = subprocess.Popen(
        [sys.executable, str(Path(__file__).resolve())],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        cwd="/",
        start_new_session=True,
    )
    assert keeper.stdout is not None
    answer = json.loads(keeper.stdout.readline() or '{"error": "it ended at once"}')
    if "error" in answer:
        raise CannotStart(answer["error"])
    return answer, keeper


def hand_over(keeper: subprocess.Popen[str], socket_path: Path) -> None:
    """From now on the desktop lives as long as the daemon at `socket_path`."""
    assert keeper.stdin is not None
    keeper.stdin.write(f"{socket_path}\n")
    keeper.stdin.close()


# ---- the keeper's own process


def main() -> None:
    """Keep the desktop until the daemon has ended."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with ExitStack() as stack, suppress(KeyboardInterrupt):
        try:
            environ = _desktop(stack)
        except CannotStart as error:
            print(json.dumps({"error": str(error)}), flush=True)  # noqa: T201 - the demo reads it
            return
        print(json.dumps(environ), flush=True)  # noqa: T201 - the demo reads it
        socket_path = sys.stdin.readline().strip()
        if socket_path:
            _outlive(Path(socket_path))


def _outlive(socket_path: Path) -> None:
    with suppress(ConnectionLost, DaemonNotRunning), Ingle(socket_path) as ingle:
        for _ in ingle.events("job"):  # a quiet topic: only the end of the connection matters
            pass


def _desktop(stack: ExitStack) -> dict[str, str]:
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="ingle-desktop-")))
    with suppress(FileExistsError):
        X_SOCKETS.mkdir(mode=0o1777)
        X_SOCKETS.chmod(0o1777)
    environ = {"DISPLAY": f":{_x_server(stack)}"}
    environ["DBUS_SESSION_BUS_ADDRESS"] = _bus(stack, folder, environ)
    _notifications(environ)
    return environ


def _x_server(stack: ExitStack) -> str:
    """Start it on a display that no desktop takes later (they begin at :0); gives its number."""
    for number in DISPLAYS:
        ours, theirs = os.pipe()
        with os.fdopen(ours) as reader:
            argv = ["Xvfb", f":{number}", "-displayfd", str(theirs), "-screen", "0", SCREEN]
            _start(stack, [*argv, "-nolisten", "tcp", "-noreset"], pass_fds=(theirs,))
            os.close(theirs)
            if answer := reader.readline().strip():
                return answer
    raise CannotStart("the X server did not start (package xvfb)")


def _bus(stack: ExitStack, folder: Path, environ: dict[str, str]) -> str:
    """A session bus that knows how to start the notification daemon."""
    services = folder / "dbus-1" / "services"
    services.mkdir(parents=True)
    for program in filter(Path.exists, NOTIFICATION_DAEMONS):
        text = f"[D-BUS Service]\nName={NOTIFICATIONS}\nExec={program}\n"
        (services / f"{NOTIFICATIONS}.service").write_text(text, encoding="utf-8")
    bus = _start(
        stack,
        ["dbus-daemon", "--session", "--nofork", "--nopidfile", "--print-address=1"],
        stdout=subprocess.PIPE,
        env={
            **os.environ,
            **environ,
            "XDG_DATA_DIRS": f"{folder}:/usr/local/share:/usr/share",
            "NO_AT_BRIDGE": "1",
        },
    )
    assert bus.stdout is not None
    address = bus.stdout.readline().decode().strip()
    if not address:
        raise CannotStart("the session bus did not start (package dbus)")
    return address


def _notifications(environ: dict[str, str]) -> None:
    """Have the notification daemon started and wait until it answers; without one it stays silent."""
    method = f"org.freedesktop.DBus.StartServiceByName string:{NOTIFICATIONS} uint32:0"
    address = "--session --print-reply --dest=org.freedesktop.DBus /org/freedesktop/DBus"
    subprocess.run(
        ["dbus-send", *address.split(), *method.split()],
        env={**os.environ, **environ},
        capture_output=True,
        check=False,
    )


def _start(
    stack: ExitStack,
    argv: list[str],
    *,
    stdout: int | IO[bytes] = subprocess.DEVNULL,
    pass_fds: tuple[int, ...] = (),
    env: dict[str, str] | None = None,
) -> subprocess.Popen[bytes]:
    try:
        process = subprocess.Popen(
            argv,
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=subprocess.DEVNULL,
            pass_fds=pass_fds,
            env=env,
        )
    except OSError:
        raise CannotStart(f"{argv[0]} is not installed") from None
    stack.callback(_stop, process)
    return process


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(GRACE_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


if __name__ == "__main__":
    main()
