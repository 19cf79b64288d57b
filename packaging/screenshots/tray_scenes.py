"""Pictures of the tray: its menu in a real panel, and the six states in their sizes."""

import asyncio
import subprocess
from typing import Any

from PIL import Image, ImageChops, ImageDraw, ImageGrab
from scenery import AROUND, DRAWN_S, desktop
from scenes import scene

from desktop.tray_panels import pixels_like, until_drawn, xfce_panel
from desktop.tray_stage import ENGINE, told, tray
from fakes.tray_plugin import module

drawing = module("drawing")

DPI = 96
PANEL = 26
"""Pixels of the panel's height; its icons have 16."""
MOST_S = 20.0

TITLES = (
    "Minutes of the council, 12 November",
    "Re: the figures you sent me yesterday",
    "What is due on Friday?",
    "Trees along the river",
)
RESULTS = [
    {"id": str(n), "kind": "summary", "title": title, "text": "", "at": 1763733600 - n * 1700}
    for n, title in enumerate(TITLES)
]
MODELS = [
    {"name": "qwen2.5-1.5b-instruct", "state": "resident", "size_bytes": 1_120_000_000},
    {"name": "qwen2.5-0.5b-instruct", "state": "installed", "size_bytes": 490_000_000},
    {"name": "smollm2-135m-instruct", "state": "installed", "size_bytes": 98_000_000},
]
ON_GPU = {
    **ENGINE, "model": "qwen2.5-1.5b-instruct", "layers": 28, "gpu_layers": 28,
    "vram_bytes": 1_400_000_000,
}  # fmt: skip
ASIDE = {
    "state": "aside", "reason": "game running", "held": "game running",
    "engine": {**ON_GPU, "state": "parked", "vram_bytes": 0, "twin": "smollm2-135m-instruct"},
}  # fmt: skip
PLUGINS = [
    {"name": name, "state": "running"}
    for name in ("clipboard", "dbus", "hotkey", "notify", "popup", "power", "selection", "tray")
]


async def _menu(dark: bool, state: dict[str, Any], *keys: str) -> Image.Image:
    """The menu as it opens in a panel, after some keys."""
    with desktop(DPI) as (server, root):
        async with tray(root / "state") as daemon, xfce_panel(root / "config_home", dark):
            daemon.answers |= {"model.list": MODELS, "result.list": RESULTS}
            told(daemon, **{"plugins": PLUGINS, **state})
            colour = (0x4A, 0x8D, 0xC1) if state.get("state") == "aside" else (0xE0, 0x57, 0x1B)
            await asyncio.to_thread(
                until_drawn, server.number, lambda seen: pixels_like(seen, colour) > 20, MOST_S
            )
            await asyncio.sleep(DRAWN_S)
            _do("mousemove", "13", "13", "click", "1")
            await asyncio.sleep(DRAWN_S)
            for key in keys:
                _do("key", key)
                await asyncio.sleep(DRAWN_S)
            _do("mousemove", "1000", "700")
            await asyncio.sleep(DRAWN_S)
            whole = await asyncio.to_thread(ImageGrab.grab, xdisplay=f":{server.number}")
            return _cropped(whole)


def _do(*words: str) -> None:
    subprocess.run(["xdotool", *words], check=True, stdout=subprocess.DEVNULL)


def _cropped(whole: Image.Image) -> Image.Image:
    """What is below the panel and not the background, and the panel above it."""
    below = whole.crop((0, PANEL + 2, whole.width, whole.height)).convert("RGB")
    empty = Image.new("RGB", below.size, below.getpixel((below.width - 1, below.height - 1)))
    _, _, right, bottom = ImageChops.difference(below, empty).getbbox() or (0, 0, 400, 0)
    return whole.crop((0, 0, right + AROUND, PANEL + 2 + bottom + AROUND))


@scene
async def tray_menu_light() -> Image.Image:
    return await _menu(False, {"engine": ON_GPU}, "Down", "Down", "Down", "Down", "Right")


@scene
async def tray_menu_dark() -> Image.Image:
    return await _menu(True, {"engine": ON_GPU}, *["Down"] * 6, "Right")


@scene
async def tray_menu_aside() -> Image.Image:
    return await _menu(False, ASIDE)


@scene
async def tray_states() -> Image.Image:
    """Each state at 16 pixels as it is, at 16 pixels enlarged, and at 48."""
    cell, rows = 150, ("#f6f5f4", "#303030")
    sheet = Image.new("RGB", (cell * len(drawing.STATES), 110 * len(rows)))
    for row, panel in enumerate(rows):
        for column, state in enumerate(drawing.STATES):
            sheet.paste(_cell(state, panel, cell), (column * cell, row * 110))
    return sheet


def _cell(state: str, panel: str, width: int) -> Image.Image:
    cell = Image.new("RGBA", (width, 110), panel)
    small = drawing.image(state, 16)
    cell.alpha_composite(small, (12, 30))
    cell.alpha_composite(small.resize((64, 64), Image.Resampling.NEAREST), (36, 6))
    cell.alpha_composite(drawing.image(state, 32), (108, 22))
    ink = "#202020" if panel == "#f6f5f4" else "#e8e8e8"
    ImageDraw.Draw(cell).text((width / 2, 92), state, fill=ink, anchor="mm", font_size=14)
    return cell.convert("RGB")
