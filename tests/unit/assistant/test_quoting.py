"""Finding the sentence that answers: among many, over several sources, and none where none does."""

from fakes.toy_engine import ToyEngine, toy_model
from ingle.assistant import quoting
from ingle.assistant.quoting import CONSIDERED, Source, judge, search
from ingle.assistant.turn import Turn

MAIL = "Paul cannot come. The meeting is in room 7. Bring the budget."
OTHER = "The ferry leaves from pier three. Dogs travel free."


async def test_the_sentence_with_the_questions_words_comes_first() -> None:
    found = await search("In which room is the meeting?", [Source(MAIL, "a"), Source(OTHER, "b")])
    assert found.passages[0].text == "The meeting is in room 7."
    assert found.passages[0].source.document == "a"
    assert found.read == found.total == len(MAIL) + len(OTHER)


async def test_the_model_has_the_last_word() -> None:
    engine = ToyEngine()
    turn = Turn(engine, toy_model(), "interactive")
    question = "From where leaves the ferry?"
    found = await search(question, [Source(MAIL, "a"), Source(OTHER, "b")])
    judged = await judge(turn, question, found.passages)
    assert judged[0].text == "The ferry leaves from pier three."
    assert judged[0].answers
    assert judged[0].value >= judged[-1].value
    assert len(engine.scored) == len(found.passages) + 1


async def test_a_question_about_something_else_is_not_answered() -> None:
    turn = Turn(ToyEngine(), toy_model(), "interactive")
    found = await search("Wie heißt Jupiters Mond?", [Source(MAIL, "a")])
    assert not any(one.answers for one in await judge(turn, "Wie heißt Jupiters Mond?", found.passages))


async def test_only_a_few_sentences_are_judged() -> None:
    found = await search("meeting", [Source(f"{MAIL} " * 50, "a")])
    assert len(found.passages) == CONSIDERED


async def test_what_is_beyond_the_bound_is_named(monkeypatch) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.setattr(quoting, "MOST_CHARS", 20)
    found = await search("room", [Source(MAIL, "a")])
    assert found.dropped == ((20, len(MAIL)),)
    assert (found.read, found.total) == (20, len(MAIL))
    several = await search("room", [Source(MAIL, "a"), Source(OTHER, "b")])
    assert several.dropped == ()
    assert {one.source.document for one in several.passages} == {"a"}


async def test_no_source_gives_no_passage() -> None:
    assert (await search("room", [])).passages == ()
