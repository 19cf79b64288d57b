"""A real daemon as a process of its own, in private directories, for tests of the whole.

Readiness is what systemd would see: READY=1 on a notify socket. Nothing sleeps.
"""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from ingle.client import Ingle

START_S = 20
"""For the socket, not for the model; the machine may be busy."""


@dataclass
class RunningDaemon:
    process: subprocess.Popen[bytes]
    root: Path
    environ: dict[str, str]
    notifications: socket.socket

    @property
    def socket(self) -> Path:
        return self.root / "runtime_dir/ingle/ingle.sock"

    @property
    def log(self) -> Path:
        return self.root / "state_home/ingle/ingled.log"

    def client(self) -> Ingle:
        return Ingle(self.socket)

    def stop(self, patience_s: float = 20) -> int:
        self.process.terminate()
        return self.process.wait(patience_s)


def environment(root: Path, **added: str) -> dict[str, str]:
    """The environment of a person whose home is `root`."""
    names = ("CONFIG_HOME", "DATA_HOME", "STATE_HOME", "CACHE_HOME", "RUNTIME_DIR")
    source = Path(__file__).parents[2] / "daemon"
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(root),
        "LANG": "C.UTF-8",
        "PYTHONPATH": f"{source}:{Path(__file__).parents[1]}",
        **{f"XDG_{name}": str(root / name.lower()) for name in names},
        **added,
    }


@contextmanager
def daemon(root: Path, arguments: Sequence[str] = (), **environ: str) -> Iterator[RunningDaemon]:
    """Start `ingled` and wait until it says that it is ready; whatever happens, it ends."""
    notifications = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    notifications.bind(str(root / "notify"))
    notifications.settimeout(START_S)
    env = environment(root, NOTIFY_SOCKET=str(root / "notify"), **environ)
    process = subprocess.Popen(
        [sys.executable, "-m", "ingle.lifecycle", "--log-level", "debug", *arguments],
        env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    running = RunningDaemon(process, root, env, notifications)
    try:
        try:
            said = notifications.recv(200)
        except TimeoutError:
            process.kill()
            raise AssertionError(
                f"not ready in {START_S} s: {process.communicate()[0].decode()}"
            ) from None
        assert said == b"READY=1"
        yield running
    finally:
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        if process.stdout:
            process.stdout.close()
        notifications.close()
        (root / "notify").unlink(missing_ok=True)


def install_model(root: Path, model: Path, name: str = "smollm2-135m-instruct") -> None:
    """Put a model where the daemon looks for it, by a link."""
    folder = root / "data_home/ingle/models"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.gguf").symlink_to(model)
