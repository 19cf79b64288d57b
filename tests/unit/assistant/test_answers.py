"""Answers: quoted or written, refused where the text says nothing, and what streams is what is said."""

import pytest

from fakes.toy_engine import ToyEngine, toy_model
from ingle.assistant import answers
from ingle.assistant.quoting import Source, search
from ingle.assistant.skills import SkillSet
from ingle.assistant.turn import Turn

MAIL = "Paul cannot come. The meeting is in room 7. Bring the budget."
ASK = SkillSet.load().skills["ask"]


def turn_of(engine: ToyEngine) -> Turn:
    return Turn(engine, toy_model(), "interactive")


async def test_a_quoted_answer_is_a_sentence_of_the_text() -> None:
    heard: list[str] = []
    sources = [Source(MAIL, "mail")]
    answer = await answers.quote(turn_of(ToyEngine()), "Where is the meeting?", sources, heard.append)
    assert answer.text == "".join(heard) == "The meeting is in room 7."
    assert MAIL[answer.citations[0].start : answer.citations[0].end] == answer.text
    assert (answer.refused, answer.strategy) == (False, "scoring")


@pytest.mark.parametrize("text", [MAIL, ""])
async def test_what_nothing_answers_is_refused(text: str) -> None:
    heard: list[str] = []
    sources = [Source(text, "mail")] if text else []
    answer = await answers.quote(turn_of(ToyEngine()), "Jupiters Mond?", sources, heard.append)
    assert answer.refused
    assert answer.citations == ()
    assert answer.text == "".join(heard)


async def test_a_written_answer_is_cited_from_the_text() -> None:
    heard: list[str] = []
    engine = ToyEngine(answers=["Answer: It is in room 7."])
    sources = [Source(MAIL, "mail")]
    answer = await answers.write(turn_of(engine), ASK, "Where is the meeting?", sources, heard.append)
    assert answer.text == "".join(heard) == "It is in room 7."
    assert answer.citations[0].quote == "The meeting is in room 7."
    assert any(span.text == MAIL for span in engine.generated[0].spans)


@pytest.mark.parametrize("said", ["Not in the text.", "", "I'm sorry, but I can't answer that."])
async def test_a_model_that_finds_nothing_refuses(said: str) -> None:
    heard: list[str] = []
    turn = turn_of(ToyEngine(answers=[said]))
    answer = await answers.write(turn, ASK, "Where is the meeting?", [Source(MAIL, "m")], heard.append)
    assert answer.refused
    assert answer.text == "".join(heard) != ""
    assert answer.citations == ()


async def test_of_a_long_text_the_promising_places_are_read() -> None:
    engine = ToyEngine(answers=["In room 7."])
    text = "Nothing to see here, walk on. " * 400 + MAIL + " Nothing to see here. " * 400
    answer = await answers.write(
        turn_of(engine), ASK, "Where is the meeting?", [Source(text, "m")], print
    )
    read = "".join(span.text for span in engine.generated[0].spans)
    assert "room 7" in read
    assert len(read) < len(text) / 4
    assert answer.coverage.read == len(text)


async def test_knowledge_has_nothing_to_cite() -> None:
    turn = turn_of(ToyEngine(answers=["Paris."]))
    answer = await answers.know(turn, ASK, "What is the capital of France?", lambda _: None)
    assert (answer.text, answer.citations, answer.refused) == ("Paris.", (), False)


async def test_a_model_without_an_answer_says_so() -> None:
    heard: list[str] = []
    answer = await answers.know(turn_of(ToyEngine(answers=[""])), ASK, "Why?", heard.append)
    assert answer.refused
    assert answer.text == "".join(heard)


async def test_whether_a_question_is_about_the_texts() -> None:
    assert answers.is_about(await search("Where is the meeting room?", [Source(MAIL, "m")]))
    assert not answers.is_about(await search("What is the capital of France?", [Source(MAIL, "m")]))
    assert not answers.is_about(await search("Anything", []))
