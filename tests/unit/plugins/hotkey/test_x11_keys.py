"""From a chord to key codes and masks, in keyboard maps as X servers have them."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from Xlib import XK, X

from ingle.sdk.chords import KEYS, parse
from unit.plugins.hotkey.parts import x11_keys

FIRST, LAST = 8, 255
MODIFIER_KEYS = {
    "Shift_L": 50, "Caps_Lock": 66, "Control_L": 37, "Alt_L": 64, "Num_Lock": 77, "Super_L": 133,
    "Scroll_Lock": 78, "ISO_Level3_Shift": 108,
}  # fmt: skip
ROWS: list[list[str]] = [
    ["Shift_L"], ["Caps_Lock"], ["Control_L"], ["Alt_L"], ["Num_Lock"], [], ["Super_L"], ["ISO_Level3_Shift"]
]  # fmt: skip


def keymap(keys: dict[int, list[str]], rows: list[list[str]] | None = None) -> Any:
    """`keys` gives the signs of key codes; modifiers are where they are on any PC."""
    signs = {code: [name] for name, code in MODIFIER_KEYS.items()} | keys
    keysyms = [
        [XK.string_to_keysym(name) for name in signs.get(code, [])] for code in range(FIRST, LAST + 1)
    ]
    modifiers = [[MODIFIER_KEYS[name] for name in row] + [0] for row in rows or ROWS]
    return x11_keys.Keymap(FIRST, keysyms, modifiers)


US = {key.evdev + 8: [key.keysym] for key in KEYS.values()}


@given(name=st.sampled_from(sorted(KEYS)))
def test_on_a_us_keyboard_every_key_is_in_its_place(name: str) -> None:
    assert keymap(US).keycode(parse(f"Ctrl+{name}")) == KEYS[name].evdev + 8


def test_a_key_is_the_one_with_the_sign() -> None:
    german = keymap(US | {29: ["z", "Z"], 52: ["y", "Y"]})
    assert german.keycode(parse("Ctrl+Z")) == 29


def test_of_two_layouts_the_first_decides() -> None:
    us_and_french = keymap({24: ["q", "Q", "a", "A"], 38: ["a", "A", "q", "Q"]})
    assert us_and_french.keycode(parse("Ctrl+A")) == 38
    assert us_and_french.keycode(parse("Ctrl+Q")) == 24


def test_a_second_layout_is_looked_at_when_the_first_has_no_such_sign() -> None:
    russian_and_us = keymap({27: ["Cyrillic_ka", "Cyrillic_KA", "r", "R"]})
    assert russian_and_us.keycode(parse("Ctrl+R")) == 27


def test_in_a_layout_without_the_sign_it_is_the_key_in_its_place() -> None:
    russian = keymap({27: ["Cyrillic_ka", "Cyrillic_KA"]})
    assert russian.keycode(parse("Ctrl+R")) == 27


def test_a_keyboard_may_be_too_small() -> None:
    assert x11_keys.Keymap(8, [[]] * 20, [[]] * 8).keycode(parse("F12")) is None


def test_modifiers_are_where_the_map_says() -> None:
    usual = keymap(US)
    assert usual.mask(parse("Ctrl+Alt+A")) == X.ControlMask | X.Mod1Mask
    assert usual.mask(parse("Shift+Super+A")) == X.ShiftMask | X.Mod4Mask
    swapped = keymap(US, [*ROWS[:3], ["Super_L"], ["Num_Lock"], [], ["Alt_L"], []])
    assert swapped.mask(parse("Alt+A")) == X.Mod4Mask
    assert swapped.mask(parse("Super+A")) == X.Mod1Mask


def test_every_state_of_the_lock_keys_is_covered() -> None:
    usual = keymap(US)
    assert usual.locks == X.LockMask | X.Mod2Mask
    assert sorted(usual.lock_states()) == [0, 2, 16, 18]
    with_scroll = keymap(US, [*ROWS[:5], ["Scroll_Lock"], *ROWS[6:]])
    assert len(set(with_scroll.lock_states())) == 8
    without_num = keymap(US, [*ROWS[:4], [], *ROWS[5:]])
    assert sorted(without_num.lock_states()) == [0, 2]


@given(data=st.data())
def test_any_keymap_gives_an_answer(data: st.DataObject) -> None:
    row = st.lists(st.integers(0, 2**29), max_size=8)
    keysyms = data.draw(st.lists(row, max_size=60))
    modifiers = data.draw(st.lists(st.lists(st.integers(0, 255), max_size=4), max_size=8))
    drawn = x11_keys.Keymap(8, keysyms, modifiers)
    code = drawn.keycode(parse("Ctrl+Alt+Space"))
    assert code is None or 8 <= code < 8 + len(keysyms)
    assert all(state & ~drawn.locks == 0 for state in drawn.lock_states())


@pytest.mark.parametrize("name", sorted(KEYS))
def test_every_key_has_a_name_that_x_knows(name: str) -> None:
    assert XK.string_to_keysym(KEYS[name].keysym) != X.NoSymbol
