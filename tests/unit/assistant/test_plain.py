"""Nothing that a terminal or a notification obeys leaves the daemon in a model's text."""

import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from ingle.assistant.plain import plain

HOSTILE = "\x1b[31mred\x1b[0m \x1b]0;title\x07 \u202eevil\u202c \u200bzero\x07 \U000e0041 \x9b1m \ufdd0"


def test_escape_sequences_and_direction_marks_are_gone() -> None:
    assert plain(HOSTILE).split() == ["red", "evil", "zero", "1m"]


def test_what_people_write_stays() -> None:
    text = "Tab\tand\nline, emoji 👩‍💻, नमस्ते, می‌خواهم, “quotes” – all."
    assert plain(text) == text
    assert plain("a\r\nb") == "a\nb"


@given(st.text())
def test_no_control_or_bidirectional_character_survives(text: str) -> None:
    for char in plain(text):
        assert char in "\t\n" or unicodedata.category(char) != "Cc"
        assert unicodedata.bidirectional(char) not in {
            "RLO",
            "LRO",
            "RLE",
            "LRE",
            "PDF",
            "RLI",
            "LRI",
            "FSI",
            "PDI",
        }
