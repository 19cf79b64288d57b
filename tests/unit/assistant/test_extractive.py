"""The extractive summary: every sentence stands in the text, and all of the text had its chance."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fakes.toy_engine import ToyEngine, toy_model
from ingle.assistant.extractive import extract, joined, wanted
from ingle.assistant.sentences import split
from ingle.assistant.turn import Turn

SENTENCES = [
    "The mill in the valley burned down in the winter of 1931.",
    "It was rebuilt four years later as a school for the village.",
    "Children from three villages walked to the school every day.",
    "In 1960 the school was closed because a larger one was opened in the town.",
    "Today the building houses a small museum about the river and its mills.",
]
ARTICLE = "\n\n".join(" ".join(SENTENCES) for _ in range(6))
CHINESE = "".join(
    f"这座老磨坊在第{number}年冬天被烧毁了。后来它被重建为一所学校。" for number in range(30)
)


def turn_of(engine: ToyEngine) -> Turn:
    return Turn(engine, toy_model(), "normal")


@pytest.mark.parametrize("text", [ARTICLE, CHINESE, ARTICLE.replace(".", ""), "word " * 3000])
async def test_each_sentence_of_the_summary_stands_in_the_text(text: str) -> None:
    heard: list[str] = []
    found = await extract(turn_of(ToyEngine()), text, heard.append)
    assert 1 <= len(found.sentences) <= 5
    assert all(sentence in split(text) for sentence in found.sentences)
    assert list(found.sentences) == sorted(found.sentences, key=lambda one: one.start)
    assert "".join(heard) == joined(text, found.sentences)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.sampled_from([*SENTENCES, "No", "\n\n", "- item", "。"]), min_size=1, max_size=60))
async def test_any_text_has_a_faithful_summary(pieces: list[str]) -> None:
    text = " ".join(pieces)
    found = await extract(turn_of(ToyEngine(n_ctx=200)), text, lambda _: None)
    assert all(sentence.of(text) in text for sentence in found.sentences)
    assert bool(found.sentences) == bool(split(text))
    assert found.plan.coverage.read == len(text)


async def test_the_summary_reaches_from_the_beginning_to_the_end() -> None:
    found = await extract(turn_of(ToyEngine()), ARTICLE, lambda _: None)
    assert found.sentences[0].start < len(ARTICLE) / 2 < found.sentences[-1].start


async def test_a_short_text_is_its_own_summary() -> None:
    engine, heard = ToyEngine(), list[str]()
    found = await extract(turn_of(engine), " One thing. And another. ", heard.append)
    assert found.is_verbatim
    assert heard == ["One thing. And another."]
    assert engine.scored == []


async def test_a_very_long_text_is_read_in_bounds_and_says_so() -> None:
    engine = ToyEngine()
    text = "\n\n".join([ARTICLE] * 100)
    turn = turn_of(engine)
    found = await extract(turn, text, lambda _: None)
    dropped = sum(end - start for start, end in found.plan.dropped)
    assert found.plan.coverage.read + dropped == len(text)
    assert dropped > 0
    assert turn.usage.input_tokens < 60_000


async def test_about_half_of_the_sentences_are_weighed() -> None:
    engine = ToyEngine()
    await extract(turn_of(engine), ARTICLE, lambda _: None)
    weighed = sum(len(params.candidates) for params in engine.scored)
    assert weighed <= len(split(ARTICLE)) * 2 / 3


def test_length_grows_gently() -> None:
    lengths = [wanted(count) for count in (4, 12, 60, 5000)]
    assert lengths == sorted(lengths)
    assert (lengths[0], lengths[-1]) == (2, 5)


def test_what_ends_in_no_stop_gets_a_line_of_its_own() -> None:
    text = "- one item\n- another item\n\nA sentence. A last one."
    assert joined(text, split(text)) == "one item\nanother item\nA sentence. A last one."
    wide = "第一句。第二句。"
    assert joined(wide, split(wide)) == wide


def test_lines_broken_to_fit_a_column_flow_again() -> None:
    text = "A sentence that was\n  wrapped by hand. Another\none."
    assert joined(text, split(text)) == "A sentence that was wrapped by hand. Another one."
