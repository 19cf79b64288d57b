"""From a copy to its summary: xclip puts a text on the clipboard, everything else follows by itself."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator

from figures import Figure, median
from place import ROOT, CannotMeasure, Effort, NotificationWatch, Place, clipboard

from ingle.client import AsyncIngle, Event

TEXT = ROOT / "packaging" / "demo" / "text.txt"
SUMMARY_S, NOTIFICATION_S = 120.0, 10.0


def measure(place: Place, effort: Effort) -> Iterator[Figure]:
    place.daemon().close()
    times = asyncio.run(_all(place, effort.rounds + 1))[1:]  # the first one warms up
    note = f"{len(TEXT.read_text(encoding='utf-8').split())} words"
    for name, values in zip(
        ("the daemon has it", "first token", "summary", "notification"),
        zip(*times, strict=True),
        strict=True,
    ):
        yield median(f"copy to {name}", values, "s", note=note)


async def _all(place: Place, times: int) -> list[tuple[float, float, float, float]]:
    """Each time with the paragraphs in another order: the same text twice is not news."""
    paragraphs = TEXT.read_text(encoding="utf-8").strip().split("\n\n")
    found = []
    async with AsyncIngle(place.paths.socket) as ingle:
        heard = ingle.events("context", "skill")
        await ingle.call("event.subscribe", topics=["context", "skill"])
        for number in range(times):
            turn = number % len(paragraphs)
            text = "\n\n".join(paragraphs[turn:] + paragraphs[:turn])
            async with NotificationWatch() as watch, asyncio.timeout(SUMMARY_S):
                began, wall = time.monotonic(), time.time()
                clipboard.copy(f"{text}\n\nThis is copy number {number}.\n")
                added, first, ready = await _summary(heard, began)
                shown = await watch.shown(NOTIFICATION_S)
            if shown is None:
                raise CannotMeasure("no notification was accepted on the session bus")
            found.append((added, first, ready, shown - wall))
    return found


async def _summary(heard: AsyncIterator[Event], began: float) -> tuple[float, float, float]:
    item, added, first = "", 0.0, 0.0
    async for event in heard:
        now = time.monotonic() - began
        if event.name == "item.added":
            item, added = event.data["item"]["id"], now
        elif not item or event.data.get("item") != item:
            continue
        elif event.name == "summary.delta":
            first = first or now
        elif event.name == "summary.ready":
            return added, first or now, now
        elif event.name == "summary.failed":
            raise CannotMeasure(f"no summary: {event.data['reason']}")
    raise CannotMeasure("the daemon ended")
