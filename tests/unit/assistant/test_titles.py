"""Titles without writing: phrases of the text itself."""

import pytest

from fakes.toy_engine import ToyEngine, toy_model
from ingle.assistant.titles import MOST_CHARS, heading_of, phrases, pick, shortened
from ingle.assistant.turn import Turn

TEXT = (
    "The Black Panthers won. Fans of the Black Panthers sang, and the Black Panthers danced all night."
)


def turn_of(engine: ToyEngine) -> Turn:
    return Turn(engine, toy_model(), "normal")


@pytest.mark.parametrize(
    "text", [TEXT, "黑豹队赢了。黑豹队的球迷唱歌，黑豹队跳舞。", "# A Heading\n\n" + TEXT]
)
async def test_a_title_stands_in_the_text(text: str) -> None:
    title = await pick(turn_of(ToyEngine()), text, text)
    assert title
    assert title in text
    assert len(title) <= MOST_CHARS


def test_what_is_repeated_is_a_candidate() -> None:
    assert "Black Panthers" in phrases(TEXT)
    assert all(weight > 0 for weight in phrases(TEXT).values())


async def test_a_text_without_repeated_words_is_cut_at_a_word() -> None:
    engine = ToyEngine()
    text = "Every single term occurs here precisely one time, therefore nothing deserves special mention now"
    title = await pick(turn_of(engine), text, "")
    assert title.endswith("…")
    assert text.startswith(title[:-1])
    assert engine.scored == []


def test_a_short_sentence_is_its_own_title() -> None:
    assert shortened("A short one. And more.") == "A short one"
    assert shortened("x" * 300) == "x" * MOST_CHARS + "…"
    assert shortened("。") != ""


@pytest.mark.parametrize(
    ("text", "heading"),
    [
        ("# A Heading\n\nIt was. It is.", "A Heading"),
        ("A Heading\nIt was. It is.", "A Heading"),
        ("A sentence.\nIt was. It is.", ""),
        ("No heading here but a line that goes on\nand on until it ends. It is.", ""),
        ("Only this", ""),
        ("", ""),
    ],
)
def test_a_heading_is_what_stands_alone_and_ends_in_no_stop(text: str, heading: str) -> None:
    assert heading_of(text) == heading
