"""Which key events complete a chord."""

import sys

from hypothesis import given
from hypothesis import strategies as st

from unit.plugins.hotkey.parts import FOLDER

sys.path.append(str(FOLDER))  # as the reader sees it, which is a program of its own
from matching import MODIFIER_CODES, PLACES, Matcher

sys.path.remove(str(FOLDER))

CTRL, RIGHT_CTRL, ALT, SHIFT, SPACE, R, CAPS, NUM = 29, 97, 56, 42, 57, 19, 58, 69
CHORDS = [(["Ctrl", "Alt"], SPACE), (["Ctrl", "Alt"], R)]


def taken(*events: int) -> list[int]:
    """What is completed by these presses; a negative code is a release."""
    matcher = Matcher(CHORDS)
    found = [matcher.take(abs(code), code > 0) for code in events]
    return [index for index in found if index is not None]


def test_a_chord_is_completed_by_its_key() -> None:
    assert taken(CTRL, ALT, SPACE, -SPACE, -ALT, -CTRL) == [0]
    assert taken(ALT, RIGHT_CTRL, R) == [1]


def test_a_held_key_repeats_and_completes_nothing_more() -> None:
    assert taken(CTRL, ALT, SPACE, SPACE, SPACE, -SPACE, SPACE) == [0, 0]


def test_other_modifiers_make_another_chord() -> None:
    assert taken(CTRL, ALT, SHIFT, SPACE) == []
    assert taken(CTRL, SPACE, ALT) == []


def test_lock_keys_change_nothing() -> None:
    assert taken(CAPS, -CAPS, NUM, CTRL, ALT, SPACE) == [0]


def test_keyboards_are_counted_together_and_released_apart() -> None:
    matcher = Matcher(CHORDS)
    assert matcher.take(CTRL, True, "a") is None
    assert matcher.take(ALT, True, "b") is None
    assert matcher.take(SPACE, True, "b") == 0
    assert matcher.take(SPACE, True, "a") == 0
    assert matcher.take(CTRL, False, "b") is None
    assert matcher.take(R, True, "b") == 1


events = st.lists(
    st.tuples(st.sampled_from([CTRL, RIGHT_CTRL, ALT, SHIFT, SPACE, R, CAPS, 30]), st.booleans())
)


@given(events=events)
def test_a_chord_is_completed_when_exactly_its_modifiers_are_down(
    events: list[tuple[int, bool]],
) -> None:
    matcher, down = Matcher(CHORDS), set[int]()
    for code, is_down in events:
        is_new = is_down and code not in down
        (down.add if is_down else down.discard)(code)
        names = {name for name, codes in PLACES.items() if down & set(codes)}
        expected = None
        if is_new and names == {"Ctrl", "Alt"} and code not in MODIFIER_CODES:
            expected = {SPACE: 0, R: 1}.get(code)
        assert matcher.take(code, is_down) == expected
