"""A finished summary as a notification, shown by a real notification daemon."""

import asyncio
from contextlib import AsyncExitStack

from PIL import Image, ImageChops
from scenery import AROUND, DRAWN_S, desktop, process
from scenes import scene

from desktop import notify_stage
from desktop.conftest import NOTIFICATION_DAEMON, PLUGINS
from desktop.popup_stage import window_manager
from desktop.tray_panels import until_drawn
from fakes.plugin_daemon import plugin_daemon

WAIT_S = 30.0
SUMMARY = {
    **notify_stage.READY,
    "title": "Four hundred trees for the river",
    "text": (
        "The council will plant four hundred trees along the river before spring, paid from the fund"
        " set up after the floods of 2021. Volunteers sign up by the end of the month."
    ),
}


@scene
async def notification() -> Image.Image:
    with desktop(96) as (server, root):
        async with AsyncExitStack() as stack:
            await window_manager(stack, server)
            await process(stack, str(NOTIFICATION_DAEMON))
            await process(
                stack, "gdbus", "wait", "--session", "org.freedesktop.Notifications", ends=True
            )
            daemon = await stack.enter_async_context(
                plugin_daemon([("built-in", PLUGINS)], root / "state")
            )
            await daemon.hosts.enable("notify")
            await daemon.until(lambda: bool(daemon.subscribers))
            empty = await asyncio.to_thread(until_drawn, server.number, lambda _: True, WAIT_S)
            daemon.emit("skill", "summary.ready", SUMMARY)
            seen = await asyncio.to_thread(
                until_drawn, server.number, lambda it: _changed(it, empty) is not None, WAIT_S
            )
            await asyncio.sleep(2 * DRAWN_S)
            seen = await asyncio.to_thread(until_drawn, server.number, lambda _: True, WAIT_S)
            left, top, right, bottom = _changed(seen, empty) or (0, 0, *seen.size)
            return seen.crop(
                (max(0, left - AROUND), max(0, top - AROUND),
                 min(seen.width, right + AROUND), min(seen.height, bottom + AROUND))
            )  # fmt: skip


def _changed(seen: Image.Image, empty: Image.Image) -> tuple[int, int, int, int] | None:
    return ImageChops.difference(seen.convert("RGB"), empty.convert("RGB")).getbbox()
