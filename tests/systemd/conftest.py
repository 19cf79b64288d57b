"""A home of the test's own, `ingle` run in this process, with systemd's manager or without one."""

import json
import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from fakes.user_manager import FakeManager, answering
from ingle.cli.installing import manager
from ingle.cli.main import main


@dataclass(frozen=True)
class Ran:
    code: int
    out: str
    err: str

    @property
    def steps(self) -> dict[str, str]:
        """What -> what was done with it, of `--json`."""
        return {step["what"]: step["action"] for step in json.loads(self.out)["steps"]}

    @property
    def changed(self) -> bool:
        return bool(json.loads(self.out)["changed"])


Run = Callable[..., Ran]


@pytest.fixture
def home(private_dirs: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A person's home on a machine without systemd, whatever this one has."""
    monkeypatch.setattr(manager, "BOOTED", private_dirs / "not-booted")
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "SUDO_USER"):
        monkeypatch.delenv(name, raising=False)
    return private_dirs


@pytest.fixture
def ingle(home: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    def run(*argv: str) -> Ran:
        capsys.readouterr()
        code = main(argv)
        return Ran(code, *capsys.readouterr())

    return run


@pytest.fixture
def systemd(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeManager]:
    """A user manager to talk to."""
    folders = [Path(f"{home}.systemd") / name for name in ("booted", "bin", "state")]
    for folder in folders:
        folder.mkdir(parents=True)
    booted, programs, state = folders
    monkeypatch.setattr(manager, "BOOTED", booted)
    monkeypatch.setenv("PATH", f"{programs}:{os.environ['PATH']}")
    monkeypatch.setenv("FAKE_SYSTEMCTL", str(state))
    with answering(home / "runtime_dir", programs, state) as answers:
        yield answers
    shutil.rmtree(f"{home}.systemd")
