"""What a person can read in full: what Ingle saw, and its log."""

import asyncio
import time
from collections.abc import Iterator, Sequence

from ingle.sdk import logs, viewer

from . import wording
from .snapshot import Row

SAW = "what-it-saw.txt"
MOST_SEEN = 1000


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
    """Raises `viewer.CannotOpen`."""
    path = logs.file()
    if not await asyncio.to_thread(path.is_file):
        raise viewer.CannotOpen(f"there is no log at {path}")
    await viewer.show_file(path)


def forget() -> None:
    """Take away what was written."""
    viewer.forget(SAW)
