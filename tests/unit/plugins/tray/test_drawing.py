"""The icon: six states that can be told at 16 pixels, on a light panel and on a dark one."""

import itertools
import re
from pathlib import Path

import pytest
from PIL import Image, ImageChops, ImageColor

from fakes.tray_plugin import module

drawing, shapes = module("drawing"), module("shapes")

ICONS = Path(__file__).resolve().parents[4] / "packaging/desktop/icons"
APP = "io.github.ingle.Ingle"
PANELS = ("#ffffff", "#f0f0f0", "#353535", "#1e1e1e", "#000000")
CONTRAST = 3.0
"""Of a picture that means something, at least: WCAG 2.2, 1.4.11."""


def luminance(colour: tuple[int, ...]) -> float:
    """As WCAG defines it."""
    parts = [c / 255 / 12.92 if c <= 10 else ((c / 255 + 0.055) / 1.055) ** 2.4 for c in colour[:3]]
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]


def contrast(one: tuple[int, ...], other: tuple[int, ...]) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def on(panel: str, state: str, size: int = 16) -> Image.Image:
    picture = Image.new("RGBA", (size, size), panel)
    picture.alpha_composite(drawing.image(state, size))
    return picture.convert("RGB")


def width_of(path: Path) -> int:
    with Image.open(path) as picture:
        return picture.width


def shown(mask: Image.Image) -> int:
    """Pixels that are more there than not."""
    return sum(mask.point(lambda alpha: 1 if alpha > 127 else 0).tobytes())


@pytest.mark.parametrize("panel", PANELS)
@pytest.mark.parametrize("state", drawing.STATES)
def test_every_state_stands_out_from_every_panel(state: str, panel: str):
    colour = ImageColor.getrgb(drawing.COLOURS[state])
    assert contrast(colour, ImageColor.getrgb(panel)) >= CONTRAST


@pytest.mark.parametrize("panel", PANELS)
@pytest.mark.parametrize("state", drawing.STATES)
def test_enough_of_it_has_the_full_contrast_at_16_pixels(state: str, panel: str):
    """Antialiasing makes thin lines pale: what is left must still be a shape."""
    behind = ImageColor.getrgb(panel)
    pixels = on(panel, state).getcolors(256) or []
    assert sum(count for count, colour in pixels if contrast(colour, behind) >= CONTRAST) >= 30


@pytest.mark.parametrize(("one", "other"), list(itertools.combinations(drawing.STATES, 2)))
def test_two_states_differ_in_shape_at_16_pixels(one: str, other: str):
    """Without colour, for those who do not see it: a sixth of the smaller shape is elsewhere."""
    alphas = [drawing.image(state, 16, "black").getchannel("A") for state in (one, other)]
    differing = shown(ImageChops.difference(*alphas))
    assert differing >= max(14, min(map(shown, alphas)) / 6)


@pytest.mark.parametrize("size", drawing.SIZES)
@pytest.mark.parametrize("state", drawing.STATES)
def test_it_fills_its_square_and_stays_in_it(state: str, size: int):
    left, top, right, bottom = drawing.image(state, size).getchannel("A").getbbox()
    assert min(left, top, size - right, size - bottom) >= 0
    assert bottom - top >= 0.75 * size


def test_one_that_is_white_or_black_has_no_other_colour():
    for ink, rgb in (("white", (255, 255, 255)), ("black", (0, 0, 0))):
        colours = drawing.image("ready", 24, ink).getcolors(1024)
        assert {colour[:3] for _, colour in colours} == {rgb}


def test_the_same_state_is_the_same_picture():
    assert drawing.image("busy", 22).tobytes() == drawing.image("busy", 22).tobytes()


def test_the_theme_has_every_size_under_one_name(tmp_path: Path):
    drawing.provide(tmp_path, "white")
    found = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert {path.stem for path in found} == {drawing.name_of(state, "white") for state in drawing.STATES}
    assert {path.suffix for path in found} == {".png"}
    assert {width_of(path) for path in found} == set(drawing.SIZES)


def test_the_app_icons_draw_the_same_flame():
    assert {file.stem for file in ICONS.rglob("*.svg")} == {APP, f"{APP}-symbolic"}
    for file in ICONS.rglob("*.svg"):
        drawn = " ".join(re.findall(r' d="([^"]+)"', file.read_text(encoding="utf-8")))
        assert shapes.FLAME in drawn
        assert shapes.HEART in drawn


def test_a_curve_goes_from_its_start_to_its_end():
    points = shapes.outline("M 0 0 C 0 4 4 4 4 0 L 2 2 Z")
    assert points[0] == (0, 0)
    assert points[shapes.SEGMENTS] == pytest.approx((4, 0))
    assert max(y for _, y in points) == pytest.approx(3)
    assert points[-1] == (2, 2)
