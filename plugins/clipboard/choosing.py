"""Which display to watch: Wayland's where it can be watched, else X11, else none with a reason."""

import os
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from ingle.sdk.wayland import Compositor, CompositorGone, can_watch, connect, socket_of

from . import wayland, x11
from .backend import Backend, ServerGone

HOTKEY = "select a text and press Ingle's hotkey, or run `ingle popup`"
UNSEEN = (
    "this compositor has no data-control protocol (GNOME's has none): "
    f"what you copy is not seen here; {HOTKEY}"
)
PARTLY_SEEN = (
    "this compositor has no data-control protocol (GNOME's has none): "
    f"of what you copy only that is seen which Xwayland shows; for the rest {HOTKEY}"
)

OnOwner = Callable[[str], None]


@dataclass(frozen=True)
class Found:
    """A display that can be watched; `note` says what is not as it should be."""

    backend: Backend
    note: str | None = None


@asynccontextmanager
async def connected(
    names: list[str], on_owner: OnOwner, on_unseen: Callable[[str], None]
) -> AsyncIterator[Found]:
    """Connect for as long as the block. Raises `ServerGone`.

    Where there is only a compositor that shows nothing, `on_unseen` is told why, and it is waited
    until that compositor has gone.
    """
    async with AsyncExitStack() as stack:
        compositor = await _compositor(stack)
        if compositor is not None and can_watch(compositor):
            found = await stack.enter_async_context(wayland.connected(compositor, names, on_owner))
            yield Found(found)
            return
        if compositor is not None and not os.environ.get("DISPLAY"):
            on_unseen(UNSEEN)
            await compositor.gone.wait()
            raise ServerGone("the compositor went away")
        note = None if compositor is None else PARTLY_SEEN
        yield Found(await stack.enter_async_context(x11.connected(names, on_owner)), note)


async def _compositor(stack: AsyncExitStack) -> Compositor | None:
    """None where X11 is all there is. Raises `ServerGone`."""
    path = socket_of(os.environ)
    if path is None:
        return None
    try:
        compositor = await connect(path)
    except CompositorGone as reason:
        if os.environ.get("DISPLAY"):  # left over from another session
            return None
        raise ServerGone(str(reason)) from None
    stack.callback(compositor.close)
    return compositor
