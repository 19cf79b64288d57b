"""The end of the daemon's log, for plugins that show it."""

from pathlib import Path

from ingle.paths import Paths
from ingle.sdk import logs


def written(raw: bytes) -> None:
    path = Paths.from_environment().log_file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(raw)


def test_it_is_the_file_that_the_daemon_writes(private_dirs: Path) -> None:
    assert logs.file() == Paths.from_environment().log_file


def test_where_there_is_none_there_is_nothing_to_show(private_dirs: Path) -> None:
    assert logs.end(100) == ""


def test_a_short_log_is_shown_whole(private_dirs: Path) -> None:
    written(b"first\nsecond\n")
    assert logs.end(100) == logs.end(len("first\nsecond\n")) == "first\nsecond\n"


def test_of_a_long_one_the_last_whole_lines_are_shown(private_dirs: Path) -> None:
    written(b"first\nsecond\nthird\n")
    assert logs.end(len("nd\nthird\n")) == "third\n"


def test_a_character_that_was_cut_is_no_error(private_dirs: Path) -> None:
    written("é\nsecond é\n".encode() + b"\xff\n")
    assert logs.end(len("\nsecond é\n".encode()) + 3) == "second é\n\ufffd\n"
