"""What is said, where it stands and in which colours."""

import itertools
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import ImageColor

from fakes.popup_plugin import module
from ingle.errors import Busy, ModelTooSmall

wording, place, theme, trouble, models, screens = (
    module(n) for n in ("wording", "place", "theme", "trouble", "model", "screen")
)

MODELS = [
    {"name": "smol", "state": "resident", "tier": "tiny", "size_bytes": 98_000_000, "licence": "MIT"},
    {"name": "qwen-0.5b", "state": "available", "tier": "small", "size_bytes": 490_000_000,
     "licence": "Apache-2.0"},
    {"name": "qwen-7b", "state": "available", "tier": "medium", "size_bytes": 4_680_000_000,
     "licence": "Apache-2.0"},
    {"name": "bge", "state": "installed", "tier": None, "size_bytes": 1, "kind": "embedder"},
]  # fmt: skip
TOO_SMALL = ModelTooSmall("smol is too small", "`ingle model pull x` (1 MB) gets one; --anyway tries")


def test_a_model_that_is_too_small_says_which_one_to_pull_with_its_size() -> None:
    found = trouble.trouble_of(TOO_SMALL, MODELS, "small")
    assert found.title == "Smol is too small for this"
    assert "Qwen 0.5B (490 MB, Apache-2.0)" in found.text
    assert [(one.kind, one.value) for one in found.offers] == [
        ("copy", "ingle model pull qwen-0.5b"),
        ("anyway", ""),
    ]


def test_a_larger_model_that_is_here_is_offered_first() -> None:
    here = {"name": "gemma", "state": "installed", "tier": "medium", "size_bytes": 9_000_000_000}
    found = trouble.trouble_of(TOO_SMALL, [*MODELS, here], "small")
    assert [(one.kind, one.value) for one in found.offers] == [("use", "gemma"), ("anyway", "")]
    assert found.offers[0].label == "_Switch to Gemma"


def test_an_underscore_in_a_name_is_no_mnemonic() -> None:
    here = {"name": "my_own_7b", "state": "installed", "tier": "medium", "size_bytes": 9_000_000_000}
    found = trouble.trouble_of(TOO_SMALL, [*MODELS, here], "small")
    assert found.offers[0].label == "_Switch to My__own__7b"
    model = models.Model()
    model.starts(models.Task("ask", "Ask", asked="What?"))
    model.fails(found)
    assert screens.screen_of(model).enter == "switch to My_own_7b"


def test_without_a_list_of_models_the_daemon_s_hint_is_all_there_is() -> None:
    found = trouble.trouble_of(TOO_SMALL, [], "small")
    assert found.text == "Ingle model pull x (1 MB) gets one."
    assert [one.kind for one in found.offers] == ["anyway"]


def test_another_error_says_what_to_do_next() -> None:
    found = trouble.trouble_of(Busy("too many requests"), MODELS, "small")
    assert (found.title, found.text) == ("Too many requests.", "Try again in a moment.")
    assert [one.kind for one in found.offers] == ["again"]


def test_what_was_not_read_is_said() -> None:
    assert wording.coverage(1000, 1000) == "all 1,000 characters read"
    assert wording.coverage(300, 1000) == "only 30 % of 1,000 characters read"
    assert wording.coverage(0, 0) == ""


def test_what_is_being_read_is_said_alike() -> None:
    words = "word " * 614
    assert wording.reading(words, 14_640, 24_000) == "Reading 61 % of 24,000 characters …"
    assert wording.reading(words, 3070, 3070) == "Reading 614 words …"
    assert wording.reading(words, 0, 0) == "Reading 614 words …"  # not known yet


def test_the_figures_of_an_answer_are_counted_ones() -> None:
    result = {
        "usage": {"output_tokens": 40}, "timing": {"decode_ms": 2000.0}, "model": "smollm2-135m-instruct",
        "coverage": {"read": 12, "total": 12, "parts": 1}, "strategy": "generative",
    }  # fmt: skip
    assert wording.figures(result) == "20 tok/s  ·  all 12 characters read  ·  SmolLM2 135M"


@given(st.text(max_size=3000))
def test_a_preview_is_one_line_of_bounded_length(text: str) -> None:
    shown = wording.preview(text)
    assert len(shown) <= wording.PREVIEW_CHARS + 1
    assert len(shown.splitlines()) <= 1


PIXELS = st.integers(-3000, 6000)
SIZES = st.tuples(st.integers(1, 900), st.integers(1, 700))


@given(st.tuples(PIXELS, PIXELS), SIZES)
def test_the_window_is_whole_on_its_monitor(pointer: tuple[int, int], size: tuple[int, int]) -> None:
    area = place.Area(1920, -100, 1280, 800)
    x, y = place.at_pointer(pointer, size, area)
    assert area.has(x, y)
    assert area.has(x + size[0] - 1, y + size[1] - 1)


def test_it_stands_beside_the_pointer_and_above_it_where_there_is_no_room_below() -> None:
    area = place.Area(0, 0, 1000, 800)
    assert place.at_pointer((100, 100), (400, 200), area) == (108, 108)
    assert place.at_pointer((100, 700), (400, 200), area) == (108, 492)


def test_a_window_larger_than_the_monitor_shows_its_upper_left_corner() -> None:
    assert place.within((50, 50), (2000, 2000), place.Area(0, 0, 800, 600)) == (12, 12)


@pytest.mark.parametrize(
    ("wanted", "name", "prefers", "scheme", "dark"),
    [
        ("auto", "Adwaita", False, 0, False),
        ("auto", "Adwaita-dark", False, 0, True),
        ("auto", "Adwaita", True, 0, True),
        ("auto", "Adwaita", False, 1, True),
        ("auto", "Adwaita-dark", True, 2, False),
        ("light", "Adwaita-dark", True, 1, False),
        ("dark", "Adwaita", False, 2, True),
    ],
)
def test_light_or_dark(wanted: str, name: str, prefers: bool, scheme: int, dark: bool) -> None:
    assert theme.is_dark(wanted, name, prefers_dark=prefers, scheme=scheme) is dark


PALETTES = [theme.LIGHT, theme.DARK, theme.CONTRAST_LIGHT, theme.CONTRAST_DARK]
TEXT_ON = [
    ("text", "window"), ("text", "card"), ("text", "hover"), ("text", "chosen"), ("dim", "window"),
    ("dim", "card"), ("dim", "hover"), ("dim", "chosen"), ("on_accent", "accent"),
    ("added", "added_on"), ("removed", "removed_on"),
]  # fmt: skip


def contrast(one: str, other: str) -> float:
    """As WCAG 2.2 defines it."""

    def luminance(colour: str) -> float:
        parts = [
            c / 255 / 12.92 if c <= 10 else ((c / 255 + 0.055) / 1.055) ** 2.4
            for c in ImageColor.getrgb(colour)[:3]
        ]
        return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]

    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize(("palette", "pair"), [*itertools.product(PALETTES, TEXT_ON)])
def test_every_text_can_be_read_on_its_ground(palette: dict[str, str], pair: tuple[str, str]) -> None:
    assert contrast(palette[pair[0]], palette[pair[1]]) >= 4.5


@pytest.mark.parametrize("palette", PALETTES)
def test_the_style_sheet_has_every_colour_and_no_name_is_left(palette: dict[str, str]) -> None:
    sheet = theme.css(palette)
    assert not re.search(r"@[a-z]", sheet)
    assert palette["accent"] in sheet
