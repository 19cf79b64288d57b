"""The clipboards of a Wayland compositor as this plugin sees a display."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from ingle.sdk.marks import OWN
from ingle.sdk.wayland import Clipboards, Compositor, CompositorGone, TooMuch

from .backend import LARGEST_COPY, NotReadable, ServerGone

COPY_TYPES = ("text/plain;charset=utf-8", "text/plain", "UTF8_STRING", "TEXT", "STRING")


class Wayland:
    """Made by `connected`."""

    def __init__(self, clipboards: Clipboards) -> None:
        self._clipboards, self.gone = clipboards, clipboards.gone

    async def targets(self, selection: str) -> list[str]:
        return self._clipboards.types(selection)

    async def read(self, selection: str, target: str, most: int) -> bytes:
        try:
            return await self._clipboards.read(selection, target, most)
        except TooMuch:
            raise NotReadable(f"it is over {most} bytes") from None
        except TimeoutError:
            raise NotReadable("its owner does not answer in time") from None
        except CompositorGone as reason:
            raise ServerGone(str(reason)) from None

    def copy(self, text: str) -> None:
        raw = text.encode("utf-8", "replace")
        if len(raw) > LARGEST_COPY:
            raise NotReadable(f"a text over {LARGEST_COPY} bytes cannot be copied")
        try:
            self._clipboards.own("CLIPBOARD", {**dict.fromkeys(COPY_TYPES, raw), OWN: b""})
        except CompositorGone as reason:
            raise ServerGone(str(reason)) from None


@asynccontextmanager
async def connected(
    compositor: Compositor, names: list[str], on_owner: Callable[[str], None]
) -> AsyncIterator[Wayland]:
    """Watch some selections for as long as the block. Raises `ServerGone`."""
    clipboards = Clipboards(compositor, lambda name: on_owner(name) if name in names else None)
    try:
        await clipboards.start()
        yield Wayland(clipboards)
    except CompositorGone as reason:
        raise ServerGone(str(reason)) from None
    finally:
        clipboards.close()
