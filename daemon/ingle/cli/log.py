"""`ingle log`: the end of the daemon's log, and what is added to it."""

import argparse
from collections import deque
from collections.abc import Iterator
from pathlib import Path

from ingle.cli import exits
from ingle.cli.session import Session
from ingle.errors import NotFound

EXAMPLES = """
ingle log
ingle log -n 200
ingle log -f
journalctl --user -u ingle   # where systemd runs the daemon, with what systemd says of it
"""


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("-f", "--follow", action="store_true", help="go on printing until Ctrl-C")
    parser.add_argument(
        "-n", "--lines", type=_count, default=50, metavar="N", help="how many lines (50)"
    )


def run(args: argparse.Namespace, session: Session) -> int:
    path = session.paths.log_file
    if not path.exists():
        raise NotFound(f"there is no log at {path}", "the daemon writes it: `ingle serve` starts one")
    for line in last_lines(path, args.lines):
        _show(line, session)
    session.output.flush()
    if args.follow:
        from ingle.cli.following import follow  # noqa: PLC0415 - watchdog is slow to import

        for line in follow(path):
            _show(line, session)
            session.output.flush()
    return exits.OK


def last_lines(path: Path, number: int) -> Iterator[str]:
    """The last lines; the file is small (two of 2 MiB at most), so it is read from its start."""
    with path.open(encoding="utf-8", errors="replace") as file:
        yield from (line.rstrip("\n") for line in deque(file, maxlen=number))


def _show(line: str, session: Session) -> None:
    session.output.json({"line": line}) if session.output.as_json else session.output.line(line)


def _count(text: str) -> int:
    number = int(text)
    if number < 0:
        raise argparse.ArgumentTypeError("a number of lines is not negative")
    return number
