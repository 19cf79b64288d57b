"""Sentences: exact ranges in any language, and nothing lost between them."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingle.assistant.sentences import MAX_CHARS, split


def sentences(text: str) -> list[str]:
    return [sentence.of(text) for sentence in split(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("One. Two! Three?", ["One.", "Two!", "Three?"]),
        ("Dr. Smith met J. R. Hartley, e.g. in the U.S. in 1999. Then he left.",
         ["Dr. Smith met J. R. Hartley, e.g. in the U.S. in 1999.", "Then he left."]),
        ("It cost 3.50 dollars... Fine.", ["It cost 3.50 dollars...", "Fine."]),
        ('"Yes!" he said. "No."', ['"Yes!" he said.', '"No."']),
        ("Das ist z.B. am 3. Oktober so. Es war 1990. Ende",
         ["Das ist z.B. am 3. Oktober so.", "Es war 1990.", "Ende"]),
        ("¿Qué es? Nada.", ["¿Qué es?", "Nada."]),
        ("这是第一句。这是第二句！“第三句？”第四句没有标点",
         ["这是第一句。", "这是第二句！", "“第三句？”", "第四句没有标点"]),
        ("so what? i dunno. let us go", ["so what?", "i dunno.", "let us go"]),
        ("plain words with no stop at all", ["plain words with no stop at all"]),
        ("# Title here\nThe house is red.", ["Title here", "The house is red."]),
        ("- one thing\n- another. With two.\n1. first\n2) second",
         ["one thing", "another.", "With two.", "first", "second"]),
        ("the meeting is moved to Wednesday\nat 10:30. Bring\nyour reports.",
         ["the meeting is moved to Wednesday\nat 10:30.", "Bring\nyour reports."]),
        ("", []),
        (" \n\t ", []),
    ],
)  # fmt: skip
def test_a_text_falls_into_the_sentences_a_reader_sees(text: str, expected: list[str]) -> None:
    assert sentences(text) == expected


def test_paragraphs_are_counted() -> None:
    assert [one.paragraph for one in split("One. Two.\n\nThree.\n \nFour.")] == [0, 0, 1, 2]


def test_a_run_without_stops_is_cut_at_words() -> None:
    text = "word " * 1000
    assert all(0 < len(one) <= MAX_CHARS for one in sentences(text))
    assert "".join(sentences(text)).replace(" ", "") == "word" * 1000


MARKERS = re.compile(r"\s*(?:(?:[-*•–—·+]|\d{1,3}[.)]|[A-Za-z][.)]|#{1,6}|>)[ \t]+\s*)*")


@given(st.text(alphabet='aB1 .!?\n-•。“”")z.B', max_size=300))
def test_between_sentences_is_nothing_but_space_and_markers(text: str) -> None:
    at = 0
    for sentence in split(text):
        gap = text[at : sentence.start]
        assert MARKERS.fullmatch(gap), gap
        assert sentence.start < sentence.end
        assert sentence.end - sentence.start <= MAX_CHARS
        assert sentence.of(text) == sentence.of(text).strip()
        at = sentence.end
    assert MARKERS.fullmatch(text[at:]), text[at:]


@pytest.mark.parametrize("unit", ["a. ", "x\n", ".", "\"' ", ").", " \n", "- a\n", "A"])
def test_cutting_takes_linear_time_on_hostile_texts(unit: str) -> None:
    """Quadratic work on so many characters would run into the test's time limit."""
    assert split(unit * (400_000 // len(unit))) is not None
