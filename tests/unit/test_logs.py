"""A log that cannot be written never stops the daemon."""

import io
import logging
import os
import socket
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from ingle import logs


@pytest.fixture(autouse=True)
def restored() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    root.handlers.clear()  # `configure` closes what it finds, and these are pytest's own
    yield
    for handler in root.handlers:
        with suppress(OSError):
            handler.close()
    root.handlers[:] = handlers
    root.setLevel(level)


def test_lines_go_to_the_file(tmp_path: Path) -> None:
    logs.configure("info", tmp_path / "state/ingled.log", to_stderr=False)
    logging.getLogger("ingle.test").info("hello")
    logging.getLogger("ingle.test").debug("not this")
    assert "hello" in (tmp_path / "state/ingled.log").read_text()
    assert "not this" not in (tmp_path / "state/ingled.log").read_text()


def test_a_place_that_cannot_be_written_is_no_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    logs.configure("info", tmp_path / "file/ingled.log", to_stderr=False)
    logging.getLogger("ingle.test").info("hello")


def test_a_full_disk_is_no_error() -> None:
    logs.configure("info", Path("/dev/full"), to_stderr=False)
    logging.getLogger("ingle.test").info("hello")


def test_a_terminal_gets_the_line_and_the_file_the_traceback(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    terminal = io.StringIO()
    monkeypatch.setattr(terminal, "isatty", lambda: True)
    monkeypatch.setattr("sys.stderr", terminal)
    logs.configure("info", tmp_path / "ingled.log", to_stderr=True)
    try:
        raise RuntimeError("boom")
    except RuntimeError:
        logging.getLogger("ingle.test").exception("a bug")
    assert "a bug" in terminal.getvalue()
    assert "Traceback" not in terminal.getvalue()
    assert "Traceback" in (tmp_path / "ingled.log").read_text()


def test_the_journal_is_told_from_what_only_inherits_its_variable(tmp_path: Path) -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs, ours.makefile("w") as journal, (tmp_path / "file").open("w") as other:
        found = os.fstat(ours.fileno())
        environ = {"JOURNAL_STREAM": f"{found.st_dev}:{found.st_ino}"}
        assert logs.is_journal(journal, environ)
        assert not logs.is_journal(other, environ)
        assert not logs.is_journal(journal, {})
        assert not logs.is_journal(journal, {"JOURNAL_STREAM": "no numbers"})


def test_a_stream_that_is_closed_or_none_of_the_systems_is_no_journal(tmp_path: Path) -> None:
    with (tmp_path / "file").open("w") as closed:
        pass
    environ = {"JOURNAL_STREAM": "1:2"}
    assert not logs.is_journal(closed, environ)
    assert not logs.is_journal(io.StringIO(), environ)
