"""The shape of answers: no preamble, no refusal, no wrapping quotes; the same while it streams."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingle.assistant.shape import Shape, Shaper, is_refusal, shaped


@pytest.mark.parametrize(
    "around",
    [
        "Here is the corrected text:\n\n{}",
        "Here's a polite version of your message:\n{}",
        "Sure! Here is the summary: {}",
        "Certainly! {}",
        "Summary: {}",
        "**Answer:** {}",
        "The rewritten text: {}",
        '"{}"',
        "“{}”",
        'Sure, here you go:\n"{}"',
        "```\n{}\n```",
        "{}\n\nLet me know if you need anything else!",
        "{}\n\nI hope this helps.",
        "{}\n\nI made the following changes:\n\n1. Corrected the spelling.\n2. Made it shorter.\n\nIs that fine?",
        "{}\n\n**Changes made:**\n- a comma",
        "{}\n\nChanges: one comma.",
        "  {}  \n",
    ],
)
def test_only_the_result_is_left(around: str) -> None:
    result = "The ferry leaves at nine. Please be there in time."
    assert shaped(around.format(result), Shape()) == result


@pytest.mark.parametrize(
    "text",
    [
        "Here is where the river ends. It is wide.",
        "Sure enough, it rained.",
        "I am sorry that I am late.",
        "Certain people left.",
        '"Yes," he said, "and no."',
        "Answering takes time: an hour.",
        "'Tis the season.",
        "The law:\nChanges to the plan need consent.",
        "I made changes.\nThey stay.",
    ],
)
def test_an_ordinary_text_is_left_alone(text: str) -> None:
    assert shaped(text, Shape()) == text


@pytest.mark.parametrize(
    ("text", "is_one"),
    [
        ("I'm sorry, but I can't assist with that.", True),
        (
            "I’m sorry, but I’m unable to assist you with your report.".replace(
                "’m unable", " am unable"
            ),
            True,
        ),
        ("As an AI language model, I have no opinion.", True),
        ("Unfortunately, I cannot translate this text.", True),
        ("I cannot fulfill this request", True),
        ("I'm sorry, but I can't come on Monday.", False),
        ("Unfortunately, the office is closed.", False),
        ("We cannot deliver before May.", False),
    ],
)
def test_a_refusal_is_told_from_a_text_that_is_sorry(text: str, is_one: bool) -> None:
    assert is_refusal(text) is is_one


def test_an_answer_has_as_many_sentences_as_it_may() -> None:
    assert (
        shaped("One is here. Two is here. Three is here.", Shape(sentences=2))
        == "One is here. Two is here."
    )


def test_a_line_is_one_line_without_a_stop() -> None:
    assert shaped('# "A Title Here".\n\nMore text.', Shape(line=True)) == "A Title Here"


def stream(text: str, shape: Shape, size: int, *, was_cut: bool = False) -> tuple[str, Shaper]:
    shaper = Shaper(shape)
    said = ""
    for at in range(0, len(text), size):
        said += shaper.feed(text[at : at + size])
        if shaper.is_full:
            break
    return said + shaper.finish(was_cut=was_cut), shaper


PIECES = st.lists(
    st.sampled_from(
        ["Here is the text:\n", "A sentence stands here. ", '"', "More words ", "\n\n", "Let me know if ",
         "Sure! ", "“quoted” ", "One more, longer sentence to read. ", "- item\n", "这是一句。"]
    ),
    max_size=25,
).map("".join)  # fmt: skip


@given(PIECES, st.integers(1, 40), st.sampled_from([Shape(), Shape(sentences=2), Shape(line=True)]))
def test_what_streams_is_what_the_result_is(text: str, size: int, shape: Shape) -> None:
    said, shaper = stream(text, shape, size)
    assert said == shaper.shown


@given(PIECES, st.integers(1, 40))
def test_streaming_gives_the_same_as_shaping_at_the_end(text: str, size: int) -> None:
    """Also where a closing remark is longer than what is held back: then it was shown as text."""
    said, _ = stream(text, Shape(), size)
    whole = shaped(text, Shape())
    assert said.startswith(whole) or whole.startswith(said)


def test_long_answers_stream_before_their_end() -> None:
    shaper = Shaper(Shape())
    assert shaper.feed("word " * 10) == ""
    assert shaper.feed("word " * 40) != ""


def test_a_full_answer_says_so() -> None:
    shaper = Shaper(Shape(sentences=2))
    shaper.feed("The first sentence is here. The second one as well. ")
    assert not shaper.is_full
    shaper.feed("And a third")
    assert shaper.is_full
    assert shaper.finish() == "The first sentence is here. The second one as well."


def test_an_answer_that_was_cut_ends_with_a_whole_sentence() -> None:
    text = "The first sentence is here. The second one was cut in the mid"
    assert stream(text, Shape(sentences=5), 7, was_cut=True)[0] == "The first sentence is here."


def test_a_refusal_is_seen_before_anything_is_shown() -> None:
    shaper = Shaper(Shape())
    assert shaper.feed("I'm sorry, but I can't assist with that request.") == ""
    assert shaper.is_refusing


@pytest.mark.parametrize(
    "source",
    [
        "Title: a new mill",
        '"All of it is quoted."',
        "Sorry, I cannot provide help.",
        "It is so.\nLet me know.",
    ],
)
def test_what_the_text_itself_begins_or_ends_with_is_kept(source: str) -> None:
    assert shaped(source, Shape(source=source)) == source
    assert not is_refusal(source, source)
