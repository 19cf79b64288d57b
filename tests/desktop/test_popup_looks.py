"""Light and dark as it is really drawn: by the setting, and by what the desktop's portal says."""

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from PIL import Image

from desktop.conftest import XServer
from desktop.popup_stage import Stage, place_of, stage
from desktop.tray_panels import until_drawn

pytestmark = pytest.mark.desktop

PORTAL = Path(__file__).with_name("fake_appearance.py")
DARK, LIGHT = 1, 2
"""Of the portal."""
PATIENCE_S = 30.0


@asynccontextmanager
async def portal(scheme: int) -> AsyncIterator[asyncio.subprocess.Process]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, str(PORTAL), str(scheme), stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert process.stdout is not None
    assert (await process.stdout.readline()).strip() == b"serves"
    try:
        yield process
    finally:
        process.kill()
        await process.communicate()


async def until_it_is(popup: Stage, theme: str) -> None:
    """Wait until the popup's own ground has the brightness of a theme."""
    place = await asyncio.to_thread(place_of, popup.x)
    assert place is not None

    def is_so(picture: Image.Image) -> bool:
        pixel = picture.convert("RGB").getpixel((place.left + 8, place.top + 40))
        assert isinstance(pixel, tuple)
        return sum(pixel) > 600 if theme == "light" else 0 < sum(pixel) < 200

    await asyncio.to_thread(until_drawn, popup.x.number, is_so, PATIENCE_S)


@pytest.mark.parametrize("theme", ["light", "dark"])
async def test_light_and_dark_are_what_they_say(
    x_server: XServer, session_bus: str, private_dirs: Path, theme: str
) -> None:
    async with stage(x_server, private_dirs, theme=theme) as popup:
        await popup.show()
        await until_it_is(popup, theme)


async def test_it_follows_the_desktop_also_while_it_is_open(
    x_server: XServer, session_bus: str, private_dirs: Path
) -> None:
    async with portal(DARK) as settings, stage(x_server, private_dirs) as popup:
        await popup.show()
        await until_it_is(popup, "dark")
        assert settings.stdin is not None
        settings.stdin.write(f"{LIGHT}\n".encode())
        await until_it_is(popup, "light")
