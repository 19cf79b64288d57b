"""Chords: what is understood, and what is refused by name."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingle.sdk.chords import ALONE, KEYS, LONGEST, MODIFIERS, BadChord, Bound, Chord, parse, parse_bound

keys = st.sampled_from(sorted(KEYS))
modifiers = st.lists(st.sampled_from(MODIFIERS), unique=True)
actions = st.from_regex(r"[a-z]+(-[a-z]+)*(:[a-z_]+)?", fullmatch=True)


@st.composite
def chords(draw: st.DrawFn) -> Chord:
    held = draw(modifiers)
    key = draw(keys.filter(lambda key: key in ALONE or set(held) - {"Shift"}))
    return Chord(tuple(name for name in MODIFIERS if name in held), key)


@st.composite
def spellings(draw: st.DrawFn, chord: Chord) -> str:
    """The same chord as people write it: in any order of modifiers, any case, with blanks."""
    names = [*draw(st.permutations(chord.modifiers)), chord.key]
    case = draw(st.sampled_from([str.lower, str.upper, str]))
    return draw(st.sampled_from(["+", " + ", "+ "])).join(case(name) for name in names)


@given(data=st.data(), chord=chords())
def test_a_chord_is_understood_however_it_is_written(data: st.DataObject, chord: Chord) -> None:
    assert parse(str(chord)) == chord
    assert parse(data.draw(spellings(chord))) == chord


@given(chord=chords(), action=actions)
def test_a_binding_is_understood_and_written_the_same_way(chord: Chord, action: str) -> None:
    bound = parse_bound(f"{chord}={action}")
    assert bound == Bound(chord, action) == parse_bound(str(bound))


@given(text=st.text(max_size=60))
def test_any_text_is_a_chord_or_refused(text: str) -> None:
    with suppress(BadChord):
        chord = parse(text)
        assert parse(str(chord)) == chord


@given(text=st.text(max_size=60))
def test_any_text_is_a_binding_or_refused(text: str) -> None:
    with suppress(BadChord):
        bound = parse_bound(text)
        assert parse_bound(str(bound)) == bound


@given(chord=chords(), at=st.integers(0, 4), word=st.from_regex(r"[xyz]{2,12}", fullmatch=True))
def test_a_part_that_nobody_knows_is_named(chord: Chord, at: int, word: str) -> None:
    names = [*chord.modifiers, chord.key]
    names[min(at, len(names) - 1)] = word
    text = "+".join(names)
    with pytest.raises(BadChord, match=f"unknown (key|modifier) '{word}'") as refused:
        parse(text)
    assert text in str(refused.value)
    assert "allowed are" in str(refused.value)


@pytest.mark.parametrize(
    ("text", "chord"),
    [
        ("Ctrl+Alt+Space", "Ctrl+Alt+Space"),
        ("<none>", None),
        ("Meta+r", "Super+R"),
        ("Primary+Return", "Ctrl+Enter"),
        ("win+shift+F23", "Shift+Super+F23"),
        ("F12", "F12"),
        ("Shift+Print", "Shift+Print"),
        ("Ctrl+.", "Ctrl+Period"),
        ("ctrl+esc", "Ctrl+Escape"),
    ],
)
def test_names_that_people_use(text: str, chord: str | None) -> None:
    if chord is None:
        with pytest.raises(BadChord):
            parse(text)
    else:
        assert str(parse(text)) == chord


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Ctrl+Alt+Spcae", r"unknown key 'Spcae' in 'Ctrl\+Alt\+Spcae' \(did you mean Space\?\)"),
        ("Crtl+Space", r"unknown modifier 'Crtl'.*did you mean Ctrl"),
        ("Ctrl+A+B", "'A' in .* is no modifier"),
        ("Ctrl+Ctrl+A", "twice"),
        ("Ctrl+Control+A", "twice"),
        ("Ctrl+Alt", "no key after the modifiers"),
        ("Ctrl+", "does not end with a key"),
        ("", "does not end with a key"),
        ("A", "needs Ctrl, Alt or Super"),
        ("Shift+A", "needs Ctrl, Alt or Super"),
        ("Ctrl+CapsLock", "unknown key"),
        ("x" * (LONGEST + 1), "at most"),
    ],
)
def test_what_is_wrong_is_said(text: str, said: str) -> None:
    with pytest.raises(BadChord, match=said):
        parse(text)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Ctrl+R", "is not `CHORD = ACTION`"),
        ("= popup", "is not `CHORD = ACTION`"),
        ("Ctrl+R =", "is not `CHORD = ACTION`"),
        ("Ctrl+R = rewrite", "unknown action 'rewrite' for 'Ctrl[+]R'; known are popup, skill:NAME"),
        ("Ctrl+R = skill:", "unknown action 'skill:'"),
        ("Strg+R = popup", "unknown modifier 'Strg'"),
    ],
)
def test_what_is_wrong_with_a_binding_is_said(text: str, said: str) -> None:
    with pytest.raises(BadChord, match=said):
        parse_bound(text, ["popup", "skill:*"])


def test_a_chord_with_an_equals_sign_can_be_bound() -> None:
    assert (
        str(parse_bound("Ctrl+Alt+= = skill:rewrite", ["skill:*"])) == "Ctrl+Alt+Equal = skill:rewrite"
    )


def test_no_two_keys_have_the_same_place_or_sign() -> None:
    assert len({key.evdev for key in KEYS.values()}) == len(KEYS)
    assert len({key.keysym for key in KEYS.values()}) == len(KEYS)
