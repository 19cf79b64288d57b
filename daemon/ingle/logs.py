"""Logging of the daemon: one line per state change, user text never above DEBUG.

A rotating file in the state directory keeps what `ingle log` shows, whoever has started the
daemon. A log that cannot be written never stops the daemon.
"""

import copy
import logging
import logging.handlers
import os
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import IO

FORMAT = "%(asctime)s %(levelname)-7s %(name)s: %(message)s"
FILE_BYTES = 2 * 1024 * 1024
"""Two such files at most: enough for weeks of state changes."""


def configure(level: str, log_file: Path | None, to_stderr: bool) -> None:
    """Send the `ingle` loggers to `log_file` and, if asked, to standard error."""
    logging.raiseExceptions = False
    root = logging.getLogger()
    for handler in list(root.handlers):
        root.removeHandler(handler)
        with suppress(OSError):  # a full disk: what was not written is lost already
            handler.close()
    root.setLevel(level.upper())
    if to_stderr:
        _add(root, logging.StreamHandler(sys.stderr), _Brief(FORMAT) if sys.stderr.isatty() else None)
    if log_file is not None:
        _add_file(root, log_file)


def is_journal(stream: IO[str], environ: Mapping[str, str]) -> bool:
    """Whether this leads into systemd's journal (systemd.exec(5), JOURNAL_STREAM): the variable alone
    is inherited by every shell of a desktop that systemd has started."""
    try:
        found = os.fstat(stream.fileno())
    except (OSError, ValueError):  # closed, or none of the system's
        return False
    return environ.get("JOURNAL_STREAM") == f"{found.st_dev}:{found.st_ino}"


def _add_file(root: logging.Logger, log_file: Path) -> None:
    try:
        log_file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        _add(root, logging.handlers.RotatingFileHandler(log_file, maxBytes=FILE_BYTES, backupCount=1))
    except OSError as error:
        root.warning("no log file: %s", error)


def _add(
    root: logging.Logger, handler: logging.Handler, formatter: logging.Formatter | None = None
) -> None:
    handler.setFormatter(formatter or logging.Formatter(FORMAT))
    root.addHandler(handler)


class _Brief(logging.Formatter):
    """For a person who looks on: the line without the traceback, which is in the file."""

    def format(self, record: logging.LogRecord) -> str:
        brief = copy.copy(record)
        brief.exc_info = brief.exc_text = None
        return super().format(brief)
