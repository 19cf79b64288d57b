"""Choosing a back end, ids and triggers of the portal, the kernel's list of keyboards, the settings."""

from typing import Any

import pytest

from ingle.sdk import CannotRun
from ingle.sdk.chords import parse
from unit.plugins.hotkey.parts import binding, choosing, devices, portal

X11, WAYLAND = {"DISPLAY": ":0"}, {"DISPLAY": ":0", "WAYLAND_DISPLAY": "wayland-0"}


@pytest.mark.parametrize(
    ("choice", "environ", "names"),
    [
        ("auto", X11, ["portal", "x11"]),
        ("auto", WAYLAND, ["portal", "unserved"]),
        ("auto", {"DISPLAY": ":0", "XDG_SESSION_TYPE": "wayland"}, ["portal", "unserved"]),
        ("portal", X11, ["portal", "unserved"]),
        ("x11", WAYLAND, ["x11"]),
        ("keyboard", WAYLAND, ["keyboard"]),
    ],
)
def test_the_order_in_which_back_ends_are_tried(
    choice: str, environ: dict[str, str], names: list[str]
) -> None:
    assert choosing.names(choice, environ) == names


def test_input_devices_are_read_by_nobody_who_was_not_asked_to() -> None:
    for environ in (X11, WAYLAND, {}):
        assert "keyboard" not in choosing.names("auto", environ)


def bindings(*pairs: tuple[str, str]) -> Any:
    return [binding.Binding(parse(chord), action) for chord, action in pairs]


def test_the_portal_is_told_chords_in_its_own_words() -> None:
    assert portal.trigger_of(parse("Ctrl+Alt+Space")) == "CTRL+ALT+space"
    assert portal.trigger_of(parse("Super+Shift+Enter")) == "SHIFT+LOGO+Return"


def test_ids_stay_the_same_when_others_come_and_go() -> None:
    few = portal.ids_of(bindings(("Ctrl+A", "popup"), ("Ctrl+B", "skill:rewrite")))
    more = portal.ids_of(
        bindings(("Ctrl+A", "popup"), ("Ctrl+C", "undo"), ("Ctrl+B", "skill:rewrite"), ("F1", "popup"))
    )
    assert list(few) == ["popup", "skill-rewrite"]
    assert list(more) == ["popup", "undo", "skill-rewrite", "popup-2"]


def test_a_trigger_is_mentioned_only_when_it_is_another_one() -> None:
    chord = parse("Ctrl+Alt+Space")
    for same in ("Ctrl+Alt+Space", "CTRL+ALT+space", "Press Ctrl+Alt+Space"):
        assert portal._other(same, chord) is None
    assert portal._other("Meta+A", chord) == "the desktop has it on Meta+A"


def test_keyboards_are_found_in_the_list_of_the_kernel() -> None:
    listed = """I: Bus=0011 Vendor=0001 Product=0001 Version=ab41
N: Name="AT Translated Set 2 keyboard"
H: Handlers=sysrq kbd event3 leds
B: EV=120013

I: Bus=0003 Vendor=046d
N: Name="Mouse"
H: Handlers=mouse0 event5

N: Name="Power Button"
H: Handlers=kbd event0
"""
    assert devices.keyboards(listed) == ["event3", "event0"]
    assert devices.keyboards("") == []


def test_a_chord_with_two_actions_keeps_the_first() -> None:
    wanted, doubled = binding.bindings_of(
        {"popup": "Ctrl+Alt+Space", "bindings": ["Ctrl+Alt+Space = undo", "Ctrl+R = skill:rewrite"]}
    )
    assert [each.action for each in wanted] == ["popup", "skill:rewrite"]
    assert [(each.action, each.state) for each in doubled] == [("undo", "taken")]
    assert doubled[0].reason == "your settings give this chord to popup"


def test_what_is_no_chord_cannot_run_and_says_which() -> None:
    with pytest.raises(CannotRun, match=r"unknown key 'Spcae' in 'Ctrl[+]Spcae'.*allowed are"):
        binding.bindings_of({"popup": "Ctrl+Spcae", "bindings": []})
