"""Chords such as `Ctrl+Alt+Space`, and what they are bound to: from a text to a value. Pure.

The daemon checks with it what the person wrote into the settings, and a plugin reads with it what
it got. A key is named by what stands on it; which key that is in the layout of the moment is for
whoever listens to the keyboard.
"""

import difflib
from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import NamedTuple

MODIFIERS = ("Ctrl", "Alt", "Shift", "Super")
"""In the order in which a chord is written."""

_MODIFIER_OF = {
    "ctrl": "Ctrl", "control": "Ctrl", "primary": "Ctrl", "alt": "Alt", "shift": "Shift",
    "super": "Super", "meta": "Super", "win": "Super", "windows": "Super", "logo": "Super",
}  # fmt: skip
"""`Meta` is what KDE calls the key between Ctrl and Alt, `Logo` what the portals do."""


class Key(NamedTuple):
    """A key by its name in X and xkb, and by its place: the code of evdev on a US keyboard."""

    keysym: str
    evdev: int


def _row(keys: str, first: int) -> dict[str, Key]:
    return {key.upper(): Key(key, first + index) for index, key in enumerate(keys)}


KEYS: dict[str, Key] = {
    **_row("1234567890", 2),
    **_row("qwertyuiop", 16),
    **_row("asdfghjkl", 30),
    **_row("zxcvbnm", 44),
    **{f"F{n}": Key(f"F{n}", 58 + n) for n in range(1, 11)},
    **{f"F{n}": Key(f"F{n}", 76 + n) for n in (11, 12)},
    **{f"F{n}": Key(f"F{n}", 170 + n) for n in range(13, 25)},
    "Space": Key("space", 57),
    "Tab": Key("Tab", 15),
    "Enter": Key("Return", 28),
    "Escape": Key("Escape", 1),
    "Backspace": Key("BackSpace", 14),
    "Insert": Key("Insert", 110),
    "Delete": Key("Delete", 111),
    "Home": Key("Home", 102),
    "End": Key("End", 107),
    "PageUp": Key("Page_Up", 104),
    "PageDown": Key("Page_Down", 109),
    "Up": Key("Up", 103),
    "Down": Key("Down", 108),
    "Left": Key("Left", 105),
    "Right": Key("Right", 106),
    "Print": Key("Print", 99),
    "Pause": Key("Pause", 119),
    "Menu": Key("Menu", 127),
    "Minus": Key("minus", 12),
    "Equal": Key("equal", 13),
    "BracketLeft": Key("bracketleft", 26),
    "BracketRight": Key("bracketright", 27),
    "Semicolon": Key("semicolon", 39),
    "Apostrophe": Key("apostrophe", 40),
    "Grave": Key("grave", 41),
    "Backslash": Key("backslash", 43),
    "Comma": Key("comma", 51),
    "Period": Key("period", 52),
    "Slash": Key("slash", 53),
}

_KEY_OF = {
    **{name.lower(): name for name in KEYS},
    "return": "Enter", "esc": "Escape", "del": "Delete", "ins": "Insert", "spacebar": "Space",
    "page_up": "PageUp", "pgup": "PageUp", "page_down": "PageDown", "pgdn": "PageDown",
    "pgdown": "PageDown", "printscreen": "Print", "prtsc": "Print",
    "-": "Minus", "=": "Equal", "[": "BracketLeft", "]": "BracketRight", ";": "Semicolon",
    "'": "Apostrophe", "`": "Grave", "\\": "Backslash", ",": "Comma", ".": "Period", "/": "Slash",
}  # fmt: skip

ALONE = frozenset({*(f"F{n}" for n in range(1, 25)), "Print", "Pause", "Menu"})
"""What may be bound without Ctrl, Alt or Super: with any other key, nobody could type it any more."""

LONGEST = 200
"""Characters: of a longer text nothing is repeated to the person."""


class BadChord(ValueError):
    """The text names the part that is wrong and says what is allowed."""


@dataclass(frozen=True)
class Chord:
    """Keys that are pressed together: `modifiers` in the order of `MODIFIERS`, `key` from `KEYS`."""

    modifiers: tuple[str, ...]
    key: str

    def __str__(self) -> str:
        return "+".join((*self.modifiers, self.key))


@dataclass(frozen=True)
class Bound:
    """A chord and what it does: `Ctrl+Alt+R = skill:rewrite`."""

    chord: Chord
    action: str

    def __str__(self) -> str:
        return f"{self.chord} = {self.action}"


def parse(text: str) -> Chord:
    """`ctrl + alt+space` is `Ctrl+Alt+Space`. Raises `BadChord`."""
    if len(text) > LONGEST:
        raise BadChord(f"a chord has at most {LONGEST} characters")
    *names, last = (part.strip() for part in text.split("+"))
    held = {_modifier(name, text) for name in names}
    if len(held) < len(names):
        raise BadChord(f"a modifier stands twice in {text!r}")
    key = _key(last, text)
    if not held - {"Shift"} and key not in ALONE:
        raise BadChord(
            f"{text!r} needs Ctrl, Alt or Super: without one of them {key} could not be typed any more"
        )
    return Chord(tuple(name for name in MODIFIERS if name in held), key)


def parse_bound(text: str, actions: Iterable[str] | None = None) -> Bound:
    """`CHORD = ACTION`; `actions` are patterns such as `skill:*`. Raises `BadChord`."""
    left, sign, action = (part.strip() for part in text.rpartition(" = " if " = " in text else "="))
    if not sign or not left or not action:
        raise BadChord(
            f"{text[:LONGEST]!r} is not `CHORD = ACTION`, such as `Ctrl+Alt+R = skill:rewrite`"
        )
    known = list(actions) if actions is not None else ["*"]
    if not any(fnmatchcase(action, pattern.replace("*", "?*")) for pattern in known):
        names = ", ".join(pattern.replace("*", "NAME") for pattern in known)
        raise BadChord(f"unknown action {action[:LONGEST]!r} for {left[:LONGEST]!r}; known are {names}")
    return Bound(parse(left), action)


def _modifier(name: str, text: str) -> str:
    found = _MODIFIER_OF.get(name.lower())
    if found:
        return found
    if name.lower() in _KEY_OF:
        raise BadChord(f"{name!r} in {text!r} is no modifier: one key, and it stands last")
    raise _unknown("modifier", name, text, MODIFIERS, ", ".join(MODIFIERS))


def _key(name: str, text: str) -> str:
    found = _KEY_OF.get(name.lower())
    if found:
        return found
    if not name:
        raise BadChord(f"{text!r} does not end with a key, as in Ctrl+Alt+Space")
    if name.lower() in _MODIFIER_OF:
        raise BadChord(f"{text!r} has no key after the modifiers, as in Ctrl+Alt+Space")
    raise _unknown("key", name, text, KEYS, f"A-Z, 0-9, F1-F24 and {', '.join(_LONG_NAMES)}")


_LONG_NAMES = [name for name in KEYS if len(name) > 3 or name in {"Tab", "End", "Up"}]


def _unknown(what: str, name: str, text: str, names: Iterable[str], allowed: str) -> BadChord:
    near = difflib.get_close_matches(name.capitalize(), names, n=1)
    hint = f" (did you mean {near[0]}?)" if near else ""
    return BadChord(f"unknown {what} {name!r} in {text!r}{hint}; allowed are {allowed}")
