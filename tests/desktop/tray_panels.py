"""Real panels, in which an icon is really drawn, and looking at what they draw."""

import asyncio
import os
import select
import shutil
import subprocess
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from PIL import Image, ImageChops, ImageGrab
from Xlib import display
from Xlib.ext import damage

from conftest import missing

XFCONFD = Path("/usr/lib/x86_64-linux-gnu/xfce4/xfconf/xfconfd")
PANEL_CONFIG = """<?xml version="1.0" encoding="UTF-8"?>
<channel name="xfce4-panel" version="1.0">
  <property name="configver" type="int" value="2"/>
  <property name="panels" type="array">
    <value type="int" value="1"/>
    <property name="panel-1" type="empty">
      <property name="position" type="string" value="p=6;x=0;y=0"/>
      <property name="length" type="uint" value="40"/>
      <property name="position-locked" type="bool" value="true"/>
      <property name="size" type="uint" value="{size}"/>
      <property name="icon-size" type="uint" value="{icon}"/>
      <property name="plugin-ids" type="array"><value type="int" value="1"/></property>
    </property>
  </property>
  <property name="plugins" type="empty">
    <property name="plugin-1" type="string" value="systray">
      <property name="square-icons" type="bool" value="true"/>
    </property>
  </property>
</channel>
"""


@asynccontextmanager
async def trayer(tint: str = "0xffffff", height: int = 24) -> AsyncIterator[None]:
    """An XEmbed tray, and no StatusNotifierWatcher."""
    options = ["--edge", "top", "--align", "left", "--widthtype", "pixel", "--width", "200"]
    async with _running(
        "trayer", *options, "--height", str(height), "--tint", tint, "--transparent", "true", "--alpha", "0"
    ):  # fmt: skip
        yield


@asynccontextmanager
async def xfce_panel(config: Path, dark: bool = False, icon: int = 16) -> AsyncIterator[None]:
    """A StatusNotifierWatcher and host; `config` is the person's configuration directory."""
    folder = config / "xfce4/xfconf/xfce-perchannel-xml"
    await asyncio.to_thread(folder.mkdir, parents=True)
    words = PANEL_CONFIG.format(size=icon + 10, icon=icon)
    await asyncio.to_thread((folder / "xfce4-panel.xml").write_text, words)
    theme = "Adwaita:dark" if dark else "Adwaita"
    async with _running(str(XFCONFD)), _running("xfce4-panel", "--disable-wm-check", theme=theme):
        yield


@asynccontextmanager
async def _running(program: str, *arguments: str, theme: str = "Adwaita") -> AsyncIterator[None]:
    where = shutil.which(program) or missing(Path(program).name)
    process = await asyncio.create_subprocess_exec(
        where, *arguments, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL, env={**os.environ, "GTK_THEME": theme, "NO_AT_BRIDGE": "1"},
    )  # fmt: skip
    try:
        yield
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


def until_drawn(number: str, is_so: Callable[[Image.Image], bool], within_s: float) -> Image.Image:
    """A picture of the display that is so, looked at whenever something was drawn."""
    watching = display.Display(f":{number}")
    try:
        watching.damage_query_version()
        root = watching.screen().root
        root.damage_create(damage.DamageReportRawRectangles)
        watching.sync()
        while True:
            picture = ImageGrab.grab(xdisplay=f":{number}")
            if is_so(picture):
                return picture
            if not watching.pending_events() and not select.select([watching], [], [], within_s)[0]:
                raise TimeoutError("it is not drawn on the display")
            while watching.pending_events():
                watching.next_event()
    finally:
        watching.close()


def pixels_like(picture: Image.Image, colour: tuple[int, ...], tolerance: int = 24) -> int:
    """How many pixels have about this colour."""
    return sum(
        count
        for count, found in picture.convert("RGB").getcolors(2**24) or ()
        if max(abs(a - b) for a, b in zip(found, colour, strict=False)) <= tolerance
    )


def where_like(
    picture: Image.Image, colour: tuple[int, ...], tolerance: int = 24
) -> tuple[int, int, int, int]:
    """The box around the pixels that have about this colour."""
    bands = zip(picture.convert("RGB").split(), colour, strict=False)
    near = [band.point([255 * (abs(i - c) <= tolerance) for i in range(256)]) for band, c in bands]
    box = ImageChops.darker(ImageChops.darker(near[0], near[1]), near[2]).getbbox()
    assert box, "nothing has this colour"
    return box
