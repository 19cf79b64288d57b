"""The icon as it is really drawn: by an XEmbed tray, and by a panel with StatusNotifierItems."""

import asyncio
import shutil
from contextlib import suppress
from pathlib import Path

import pytest
from PIL import Image, ImageColor

from conftest import missing
from desktop.conftest import PLUGINS, XServer
from desktop.tray_panels import pixels_like, trayer, until_drawn, where_like, xfce_panel
from desktop.tray_stage import Watcher, told, tray
from fakes.plugin_daemon import PATIENCE_S
from fakes.tray_plugin import module

pytestmark = pytest.mark.desktop

COLOURS = module("drawing").COLOURS
ENOUGH = 20
"""Pixels of the state's own colour, of the 60 and more that a 16-pixel icon has."""


async def drawn(x_server: XServer, state: str) -> Image.Image:
    """Wait until the icon of a state is on the display."""
    colour = ImageColor.getrgb(COLOURS[state])
    return await asyncio.to_thread(
        until_drawn, x_server.number, lambda seen: pixels_like(seen, colour) >= ENOUGH, PATIENCE_S
    )


async def test_an_xembed_tray_draws_it_also_when_it_comes_again(
    x_server: XServer, session_bus: str, private_dirs: Path, tmp_path: Path
) -> None:
    async with tray(private_dirs / "state") as daemon:
        await daemon.until_state("tray", "waiting", "shows no tray icons")
        for _ in range(3):
            async with trayer():
                picture = await drawn(x_server, "ready")
                await daemon.until_state("tray", "running")
            await daemon.until_state("tray", "waiting", "shows no tray icons")
        picture.save(tmp_path / "trayer.png")


async def test_an_xembed_tray_shows_another_state(
    x_server: XServer, session_bus: str, private_dirs: Path
) -> None:
    async with tray(private_dirs / "state") as daemon, trayer():
        await drawn(x_server, "ready")
        told(daemon, state="paused")
        await drawn(x_server, "paused")


async def test_it_is_never_in_two_trays(x_server: XServer, session_bus: str, private_dirs: Path) -> None:
    """Where one watcher takes the place of another, libayatana shows an XEmbed icon besides."""

    async def until_in_xembed(is_there: bool, within_s: float = PATIENCE_S) -> None:
        colour = ImageColor.getrgb(COLOURS["ready"])
        await asyncio.to_thread(
            until_drawn,
            x_server.number,
            lambda seen: (pixels_like(seen, colour) >= ENOUGH) is is_there,
            within_s,
        )

    async with tray(private_dirs / "state"), trayer():
        await until_in_xembed(True)
        first = await Watcher.start(session_bus)
        await (await first.panel()).until_icon("ingle-tray-ready")
        await until_in_xembed(False)
        second = await Watcher.start(session_bus)
        with suppress(TimeoutError):  # it comes 100 ms later, if it comes
            await until_in_xembed(True, within_s=2)
        await until_in_xembed(False)
        for watcher in (first, second):
            await watcher.end()
        await until_in_xembed(True)


async def test_a_panel_draws_it(
    x_server: XServer, session_bus: str, private_dirs: Path, tmp_path: Path
) -> None:
    async with xfce_panel(private_dirs / "config_home"), tray(private_dirs / "state") as daemon:
        await drawn(x_server, "ready")
        for state, said in (("paused", "paused"), ("degraded", "degraded")):
            told(daemon, state=said)
            picture = await drawn(x_server, state)
        picture.save(tmp_path / "panel.png")


@pytest.mark.parametrize("backend", ["appindicator", "gtk"])
async def test_the_menu_of_an_xembed_icon_opens_and_is_pressed(
    x_server: XServer, session_bus: str, private_dirs: Path, backend: str
) -> None:
    """With a mouse and a keyboard; also where libayatana-appindicator is not installed."""
    plugins = await asyncio.to_thread(_with_backend, private_dirs / "plugins", backend)
    async with trayer(), tray(private_dirs / "state", plugins) as daemon:
        picture = await drawn(x_server, "ready")
        left, top, right, bottom = where_like(picture, ImageColor.getrgb(COLOURS["ready"]))
        middle = [str((left + right) // 2), str((top + bottom) // 2)]
        await xdotool("mousemove", *middle, "click", "3")
        await asyncio.to_thread(
            until_drawn, x_server.number, lambda seen: below(seen, 40) > 5000, PATIENCE_S
        )
        await xdotool("key", "Down", "Return")  # the first line that can be pressed
        await daemon.until(lambda: any(method == "plugin.call" for method, _ in daemon.calls))
        [asked] = [params for method, params in daemon.calls if method == "plugin.call"]
        assert (asked["plugin"], asked["command"]) == ("popup", "show")


def _with_backend(plugins: Path, backend: str) -> Path:
    """The plugin with one back end alone."""
    shutil.copytree(PLUGINS / "tray", plugins / "tray")
    file = plugins / "tray/taming.py"
    words = file.read_text()
    assert '("appindicator", "gtk")' in words
    file.write_text(words.replace('("appindicator", "gtk")', f'("{backend}",)'))
    return plugins


def below(picture: Image.Image, top: int) -> int:
    """How many pixels are drawn below this line; the rest of the display is black."""
    low = picture.convert("L").crop((0, top, picture.width, picture.height))
    return sum(low.point(lambda grey: 1 if grey > 40 else 0).tobytes())


async def xdotool(*words: str) -> None:
    program = shutil.which("xdotool") or missing("xdotool")
    assert await (await asyncio.create_subprocess_exec(program, *words)).wait() == 0
