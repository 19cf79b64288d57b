"""systemd's user manager as `ingle setup` meets it: a `systemctl` that keeps files, and what it left."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SYSTEMCTL = Path(__file__).with_name("systemctl")


@dataclass(frozen=True)
class FakeManager:
    """`state` holds a file for each unit that runs, and `asked`, a line for each call."""

    state: Path

    @property
    def running(self) -> set[str]:
        return {path.name for path in self.state.iterdir() if path.name.startswith("ingle")}

    def asked(self, verb: str) -> list[str]:
        file = self.state / "asked"
        lines = file.read_text().splitlines() if file.exists() else []
        return [line for line in lines if line.split()[0] == verb]


@contextmanager
def answering(runtime: Path, programs: Path, state: Path) -> Iterator[FakeManager]:
    """`systemctl` in `programs`, and the manager's private socket, which only has to be there."""
    (programs / "systemctl").symlink_to(SYSTEMCTL)
    (programs / "systemd-run").symlink_to(SYSTEMCTL)
    (runtime / "systemd").mkdir()
    with socket.socket(socket.AF_UNIX) as private:
        private.bind(str(runtime / "systemd/private"))
        yield FakeManager(state)


def tree(root: Path) -> dict[str, Any]:
    """Everything below a folder with its content, but for sockets."""
    return {
        str(path.relative_to(root)): _content(path) for path in root.rglob("*") if not path.is_socket()
    }


def _content(path: Path) -> str | bytes | None:
    if path.is_symlink():
        return str(path.readlink())
    return path.read_bytes() if path.is_file() else None
