"""What is a game, and when the daemon hears of a wish."""

import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingle.sdk import Plugin
from ingle.sdk.testing import FakeIngle, defaults, load

FOLDER = Path(__file__).resolve().parents[4] / "plugins" / "power"
load(FOLDER)
fullscreen: Any = sys.modules["ingle_plugin_power.fullscreen"]
wishes: Any = sys.modules["ingle_plugin_power.wishes"]
CLASSES = defaults(FOLDER)["game_classes"]
GAME = wishes.Wish("model", "game", 20)


@pytest.mark.parametrize(
    ("names", "is_game"),
    [
        (("steam_app_570", "steam_app_570"), True),
        (("witcher3.exe", "witcher3.exe"), True),
        (("Hollow_Knight.x86_64", "Hollow_Knight.x86_64"), True),
        (("Minecraft* 1.20", "Minecraft* 1.20"), True),
        (("gamescope",), True),
        (("mpv", "mpv"), False),
        (("Navigator", "firefox"), False),
        (("steam", "Steam"), False),
        (("libreoffice", "libreoffice-impress"), False),
        ((), False),
    ],
)
def test_games_are_told_from_films_and_browsers(names: tuple[str, ...], is_game: bool) -> None:
    assert fullscreen.is_game(names, CLASSES) is is_game


@given(st.lists(st.text(max_size=30), max_size=3), st.lists(st.text(max_size=30), max_size=5))
def test_no_class_is_too_strange(names: list[str], classes: list[str]) -> None:
    assert fullscreen.is_game(names, []) is False
    assert isinstance(fullscreen.is_game(names, classes), bool)


@given(st.lists(st.tuples(st.sampled_from("abc"), st.booleans()), max_size=20))
async def test_the_daemon_hears_only_what_makes_a_difference(words: list[tuple[str, bool]]) -> None:
    ingle = FakeIngle(Plugin(), "power", FOLDER)
    kept = wishes.Wishes(ingle)
    sayers: set[str] = set()
    expected: list[str] = []
    for source, is_so in words:
        before = bool(sayers)
        (sayers.add if is_so else sayers.discard)(source)
        await kept.say(GAME, source, is_so)
        if before != bool(sayers):
            expected.append("daemon.release" if before else "daemon.hold")
        assert kept.held() == (["game"] if sayers else [])
    assert [method for method, _ in ingle.calls] == expected
