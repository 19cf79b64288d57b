"""From arguments to exit codes: what a person sees of a start that fails."""

import logging
import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from ingle import lifecycle
from ingle.paths import Paths
from ingle.server.socket import listening


@pytest.fixture(autouse=True)
def own_handlers() -> Iterator[None]:
    """`main` sets up logging for a process; this one is pytest's."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    root.handlers.clear()
    yield
    for handler in root.handlers:
        handler.close()
    root.handlers[:] = handlers
    root.setLevel(level)


def test_a_bug_at_the_start_is_a_line_and_the_log_has_the_rest(
    private_dirs: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("boom")

    monkeypatch.setattr(lifecycle, "App", broken)
    monkeypatch.setattr(lifecycle, "keep_private", lambda: None)
    assert lifecycle.main([]) == 1
    said = capsys.readouterr().err
    assert "internal error" in said
    assert "Traceback" not in said
    assert "boom" in Paths.from_environment().log_file.read_text()


@pytest.mark.parametrize("leads_to_the_journal", [True, False])
def test_the_log_is_in_the_file_and_under_systemd_in_the_journal_as_well(
    private_dirs: Path, monkeypatch: pytest.MonkeyPatch, leads_to_the_journal: bool
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("boom")

    monkeypatch.setattr(lifecycle, "App", broken)
    monkeypatch.setattr(lifecycle, "keep_private", lambda: None)
    journal, stderr = socket.socketpair()
    with journal, stderr:
        found = os.fstat((stderr if leads_to_the_journal else journal).fileno())
        monkeypatch.setenv("JOURNAL_STREAM", f"{found.st_dev}:{found.st_ino}")
        with stderr.makefile("w") as stream:
            monkeypatch.setattr("sys.stderr", stream)
            assert lifecycle.main([]) == 1
        stderr.close()
        told = journal.makefile().read()
    assert ("a bug ended ingled" in told) is leads_to_the_journal
    assert "a bug ended ingled" in Paths.from_environment().log_file.read_text()


def test_a_socket_that_is_taken_is_a_line_with_the_next_step(
    private_dirs: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(lifecycle, "keep_private", lambda: None)
    with listening(Paths.from_environment().socket):
        assert lifecycle.main([]) == 1
    said = capsys.readouterr().err
    assert "already serves" in said
    assert "ingle stop" in said
