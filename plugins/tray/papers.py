"""What a person can read in full: what Ingle saw, and its log."""

import asyncio
import os
import shutil
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from ingle.sdk import viewer

from . import wording
from .snapshot import Row

SAW, LOG = "what-it-saw.txt", "log.txt"
MOST_SEEN = 1000
JOURNAL = ("journalctl", "--user", "--unit", "ingle", "--lines", "1000", "--no-pager")
JOURNAL_S = 20.0


def seen(items: Sequence[Row]) -> str:
    """What the daemon remembers as a page to read; the texts themselves are not in it. Pure."""
    head = "Ingle has seen nothing that it remembers.\n"
    if items:
        head = (
            f"What Ingle saw and remembers: {len(items)} text(s), the newest first.\n"
            "They are in its memory only, and this page does not repeat them.\n\n"
            "ingle context get ID          shows one\n"
            "ingle context forget --all    forgets them for good\n"
        )
    return head + "".join(f"\n{block}\n" for block in map(_block, items))


def _block(row: Row) -> str:
    return "\n".join(_lines(row))


def _lines(row: Row) -> Iterator[str]:
    created = row.get("created")
    when = "?"
    if isinstance(created, (int, float)):
        when = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(created))
    kind, chars = wording.line(row.get("kind")), row.get("chars") or 0
    yield f"{row.get('id')}  {when}  {kind}, {chars:,} characters"
    yield f"   {wording.line(row.get('title')) or 'without a title'}"
    if row.get("origin"):
        yield f"   from {wording.line(row['origin'], 200)}"
    if row.get("summary"):
        yield f"   in short: {wording.line(row['summary'], 400)}"


async def show_log() -> None:
    """The daemon's log file, or where systemd keeps it the end of the journal.

    Raises `viewer.CannotOpen`.
    """
    path = _log_file()
    if await asyncio.to_thread(path.is_file):
        await viewer.show_file(path)
        return
    if shutil.which(JOURNAL[0]) is None:
        raise viewer.CannotOpen(f"there is no log at {path}")
    await viewer.show(LOG, await _journal())


def _log_file() -> Path:
    state = Path(os.environ.get("XDG_STATE_HOME", ""))
    base = state if state.is_absolute() else Path.home() / ".local/state"
    return base / "ingle/ingled.log"


async def _journal() -> str:
    try:
        reading = await asyncio.create_subprocess_exec(
            *JOURNAL,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        async with asyncio.timeout(JOURNAL_S):
            out, _ = await reading.communicate()
    except (OSError, TimeoutError):
        raise viewer.CannotOpen("the journal cannot be read: journalctl --user -u ingle") from None
    return out.decode("utf-8", "replace")


def forget() -> None:
    """Take away what was written."""
    for name in (SAW, LOG):
        viewer.forget(name)
