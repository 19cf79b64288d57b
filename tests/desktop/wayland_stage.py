"""Wayland compositors for the tests: sway without a screen, and weston, which shows nobody the
clipboard (as GNOME's compositor does). Each in a runtime directory of the test's own."""

import os
import socket
import subprocess
from pathlib import Path

from desktop.conftest import needed

TOLD = """
xwayland disable
exec sh -c 'echo "$WAYLAND_DISPLAY"'
"""
"""A line on its standard output says that sway serves clients."""

START_S = 30.0


class Sway:
    """A compositor that can be killed and started again on the same socket."""

    def __init__(self, runtime: Path) -> None:
        self._runtime = runtime
        self._process: subprocess.Popen[str] | None = None
        self.display = ""

    def start(self) -> None:
        """Return when it serves clients."""
        config = self._runtime / "sway.conf"
        config.write_text(TOLD)
        self._process = subprocess.Popen(
            [*_as_nobody(), needed("sway"), "-c", str(config)],
            env=_environment(self._runtime), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
            start_new_session=True,
        )  # fmt: skip
        assert self._process.stdout is not None
        self.display = self._process.stdout.readline().strip()
        assert self.display, "sway did not start"

    def kill(self) -> None:
        assert self._process is not None
        self._process.kill()
        self._process.communicate()


class Weston:
    """A compositor without the data-control protocol."""

    display = "wayland-weston"

    def __init__(self, runtime: Path) -> None:
        self._runtime = runtime

    def start(self, x_display: str = "") -> None:
        """Return when it serves clients: then it tells its socket, as a service does.

        On `x_display` it is a window, with a keyboard; otherwise it has neither.
        """
        backend = "x11-backend.so" if x_display else "headless-backend.so"
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notified:
            notified.bind(str(self._runtime / "notify"))
            notified.settimeout(START_S)
            self._process = subprocess.Popen(
                [needed("weston"), f"--backend={backend}", "--no-config",
                 f"--socket={self.display}", "--modules=systemd-notify.so"],
                env={
                    **_environment(self._runtime),
                    "NOTIFY_SOCKET": str(self._runtime / "notify"),
                    "DISPLAY": x_display,
                },
                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            )  # fmt: skip
            assert b"READY=1" in notified.recv(4096)

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()


def _environment(runtime: Path) -> dict[str, str]:
    return {
        "PATH": os.environ["PATH"],
        "XDG_RUNTIME_DIR": str(runtime),
        "WLR_BACKENDS": "headless",
        "WLR_LIBINPUT_NO_DEVICES": "1",
        "WLR_RENDERER": "pixman",
        "HOME": str(runtime),
    }


def _as_nobody() -> list[str]:
    """sway refuses to run as root: to it, root is user 1000 in a namespace of its own."""
    if os.getuid():
        return []
    return [needed("unshare"), "-U", "--map-user=1000", "--map-group=1000", "--"]
