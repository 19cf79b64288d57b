"""Every test has XDG directories of its own and a scripted daemon on the socket in them."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from fakes.daemon import FakeDaemon
from fakes.terminal import Terminal
from ingle.cli.main import main
from ingle.paths import Paths


@dataclass(frozen=True)
class Ran:
    """What a command line left behind."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The last line of standard output."""
        return json.loads(self.out.splitlines()[-1])

    @property
    def lines(self) -> list[Any]:
        return [json.loads(line) for line in self.out.splitlines()]


Run = Callable[..., Ran]


@pytest.fixture
def paths(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Paths:
    for name in ("CONFIG", "DATA", "STATE", "CACHE"):
        monkeypatch.setenv(f"XDG_{name}_HOME", str(tmp_path / name.lower()))
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    monkeypatch.setenv("INGLE_SOCKET", str(tmp_path / "ingle.sock"))
    monkeypatch.delenv("INGLE_DEBUG", raising=False)
    return Paths.from_environment()


@pytest.fixture
def daemon(paths: Paths) -> Iterator[FakeDaemon]:
    with FakeDaemon(paths.socket) as fake:
        yield fake


@pytest.fixture
def ingle(paths: Paths, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run a command line in this process."""

    def run(*argv: str) -> Ran:
        capsys.readouterr()
        code = main(argv)
        out, err = capsys.readouterr()
        return Ran(code, out, err)

    return run


@pytest.fixture
def text_file(tmp_path: Path) -> Path:
    path = tmp_path / "text.txt"
    path.write_text("A long text about a hearth. It is due on Friday.\n", encoding="utf-8")
    return path


@pytest.fixture
def at_terminal(paths: Paths, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run a command line as if a person sat at a terminal without colours."""
    monkeypatch.setenv("NO_COLOR", "1")

    def run(*argv: str) -> Ran:
        out, err = Terminal(), Terminal()
        monkeypatch.setattr("sys.stdout", out)
        monkeypatch.setattr("sys.stderr", err)
        return Ran(main(argv), out.getvalue(), err.getvalue())

    return run
