"""A state as a picture: a shape of one colour on nothing. Pure but for `provide`.

The colours of the states are in the middle between white and black, so that each can be told
from a light panel and from a dark one (3:1 at least, as WCAG 1.4.11 asks; a test measures it).
"""

from collections.abc import Callable
from pathlib import Path
from typing import Literal

from PIL import Image, ImageChops, ImageDraw

from . import shapes
from .shapes import GRID, Outline

State = Literal["ready", "busy", "paused", "aside", "degraded", "error"]
Ink = Literal["colour", "white", "black"]

COLOURS: dict[State, str] = {
    "ready": "#e0571b",
    "busy": "#e0571b",
    "paused": "#828282",
    "aside": "#4a8dc1",
    "degraded": "#b27a00",
    "error": "#e5484d",
}
SIZES = (16, 22, 24, 32, 48, 64)
"""Those that panels ask for; each is drawn by itself, as a scaled one is blurred."""

FINER = 8
"""A pixel is that many times finer while it is drawn."""
NAME = "ingle-tray"


def image(state: State, size: int, ink: Ink = "colour") -> Image.Image:
    """A square RGBA picture of `size` pixels."""
    colour = COLOURS[state] if ink == "colour" else ink
    picture = Image.new("RGBA", (size, size), colour)
    picture.putalpha(_SHAPES[state](size * FINER).resize((size, size), Image.Resampling.BOX))
    return picture


def name_of(state: State, ink: Ink = "colour") -> str:
    """The name under which panels find the picture in the icon theme that `provide` makes."""
    return f"{NAME}-{state}" if ink == "colour" else f"{NAME}-{state}-{ink}"


def provide(folder: Path, ink: Ink = "colour") -> None:
    """Make an icon theme of all states at `folder`. Raises `OSError`.

    All at once and before the icon is shown: who has looked into a theme may not look again.
    """
    for state in STATES:
        for size in SIZES:
            _write(folder / f"hicolor/{size}x{size}/apps/{name_of(state, ink)}.png", state, size, ink)


def _write(path: Path, state: State, size: int, ink: Ink) -> None:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    part = path.with_suffix(".part")
    image(state, size, ink).save(part, "PNG")
    part.replace(path)  # a panel never reads half of it


# ---- the shapes, as masks


def _filled(points: Outline, side: int) -> Image.Image:
    mask = Image.new("L", (side, side))
    scale = side / GRID
    ImageDraw.Draw(mask).polygon([(x * scale, y * scale) for x, y in points], fill=255)
    return mask


def _without(mask: Image.Image, *holes: Outline) -> Image.Image:
    for hole in holes:
        mask = ImageChops.subtract(mask, _filled(hole, mask.width))
    return mask


def _flame(side: int) -> Image.Image:
    return _filled(shapes.outline(shapes.FLAME), side)


def _ready(side: int) -> Image.Image:
    return _without(_flame(side), shapes.outline(shapes.HEART))


def _busy(side: int) -> Image.Image:
    """A small flame in a ring that is not closed."""
    small = shapes.scaled(shapes.outline(shapes.FLAME), 0.62, (8, 8))
    ring = shapes.ring(7.5, 6, 65, 350)
    return ImageChops.lighter(_filled(small, side), _filled(ring, side))


def _paused(side: int) -> Image.Image:
    """The two bars of a pause."""
    left = shapes.outline(shapes.BAR)
    right = [(x + 6, y) for x, y in left]
    return ImageChops.lighter(_filled(left, side), _filled(right, side))


def _aside(side: int) -> Image.Image:
    """The outline of a flame: it burns elsewhere, or not now."""
    points = shapes.outline(shapes.FLAME)
    scale = side / GRID
    line = Image.new("L", (side, side))
    closed = [(x * scale, y * scale) for x, y in [*points, points[0], points[1]]]
    ImageDraw.Draw(line).line(closed, fill=255, width=round(3.8 * scale), joint="curve")
    return ImageChops.darker(line, _flame(side))


def _degraded(side: int) -> Image.Image:
    """The flame with an exclamation mark in it."""
    return _without(_flame(side), shapes.box(7, 5, 9, 10), shapes.box(7, 11, 9, 13))


def _error(side: int) -> Image.Image:
    """No flame: a disc with a cross."""
    strokes = [shapes.bar((8, 8), 9, 2.2, degrees) for degrees in (45, 135)]
    return _without(_filled(shapes.arc(7.4, 0, 360), side), *strokes)


_SHAPES: dict[State, Callable[[int], Image.Image]] = {
    "ready": _ready,
    "busy": _busy,
    "paused": _paused,
    "aside": _aside,
    "degraded": _degraded,
    "error": _error,
}
STATES: tuple[State, ...] = tuple(_SHAPES)
