"""The front: which strategy runs, what is refused with a hint, and results in the wire's types."""

from pathlib import Path
from typing import Any

import msgspec
import pytest

from fakes import tiny_gguf
from fakes.toy_engine import ToyEngine
from ingle.assistant.assistant import Assistant
from ingle.assistant.skills import SkillSet
from ingle.context.items import Item, Memory
from ingle.errors import DeadlineExceeded, InvalidParams, ModelTooSmall, NotFound
from ingle.models.library import Library
from ingle.vocabulary import Coverage, Tier
from ingle.wire.calls.assistant import (
    AskParams,
    SkillResult,
    SkillRunParams,
)

MAIL = "Paul cannot come. The meeting is in room 7. Bring the budget."
LONG = " ".join(f"Sentence number {number} tells of the mill. The mill is old." for number in range(40))


@pytest.fixture
def library(tmp_path: Path) -> Library:
    return Library(tmp_path / "models")


def front(library: Library, engine: ToyEngine | None = None, *, allow_weak: bool = False) -> Assistant:
    return Assistant(engine or ToyEngine(), library, Memory(10, 60), SkillSet.load(), allow_weak)


async def run(
    assistant: Assistant, skill: str, text: str = LONG, **more: Any
) -> tuple[SkillResult, str]:
    heard: list[str] = []
    result = await assistant.run_skill(SkillRunParams(skill=skill, text=text, **more), heard.append)
    msgspec.json.encode(result)
    return result, "".join(heard)


# ---- skills


async def test_a_tiny_model_summarizes_in_the_texts_own_words(library: Library) -> None:
    result, heard = await run(front(library), "summarize")
    assert result.strategy == "extractive"
    assert result.text == heard
    assert all(LONG[start:end] in result.text for start, end in result.data["sentences"])
    assert result.title
    assert result.title in LONG
    assert result.coverage.ratio == 1.0
    assert result.usage.dropped == []


@pytest.mark.parametrize("text", [LONG, "A longer word. " * 9000])
@pytest.mark.parametrize(
    ("skill", "tier", "args"),
    [
        ("summarize", "tiny", {}),
        ("title", "tiny", {}),
        ("classify", "tiny", {"labels": "joke,bill"}),
        ("summarize", "small", {}),
        ("fix", "small", {}),
    ],
)
async def test_how_much_is_read_is_told_before_the_first_piece_and_is_what_the_result_says(
    library: Library, text: str, skill: str, tier: Tier, args: dict[str, Any]
) -> None:
    told: list[Any] = []
    engine = ToyEngine(answers=["It is about a mill."], tier=tier)
    params = SkillRunParams(skill=skill, text=text, args=args)
    result = await front(library, engine).run_skill(params, told.append, told.append)
    assert told[0] == result.coverage
    assert not [each for each in told[1:] if isinstance(each, Coverage)]
    assert "".join(told[1:]) == result.text


@pytest.mark.parametrize("tier", ["tiny", "small"])
async def test_how_much_is_read_for_an_answer_is_told_before_it(library: Library, tier: Tier) -> None:
    told: list[Any] = []
    engine = ToyEngine(answers=["In room 7."], tier=tier)
    params = AskParams(question="Where is the meeting?", text=MAIL)
    result = await front(library, engine).ask(params, told.append, told.append)
    assert told[0] == result.coverage
    assert "".join(told[1:]) == result.answer


async def test_of_what_the_model_knows_nothing_is_said_to_be_read(library: Library) -> None:
    told: list[Coverage] = []
    engine = ToyEngine(answers=["Paris."], tier="small")
    await front(library, engine).ask(AskParams(question="Which town?"), print, told.append)
    assert told == []


async def test_a_short_text_comes_back_as_it_is(library: Library) -> None:
    result, heard = await run(front(library), "summarize", " One thing. ")
    assert (result.text, heard, result.strategy) == ("One thing.", "One thing.", "verbatim")


async def test_a_tiny_model_chooses_titles_and_labels(library: Library) -> None:
    title, heard = await run(front(library), "title")
    assert title.text == heard
    assert title.text in LONG
    label, heard = await run(
        front(library), "classify", "This bill is due.", args={"labels": "joke,bill"}
    )
    assert label.text == heard == label.data["label"] == "bill"
    assert label.strategy == title.strategy == "scoring"


@pytest.mark.parametrize(
    ("skill", "args"),
    [
        ("rewrite", {}),
        ("fix", {}),
        ("explain", {}),
        ("translate", {"to": "German"}),
        ("extract", {"schema": {}}),
    ],
)
async def test_a_tiny_model_declines_to_write_and_names_one_that_can(
    library: Library, skill: str, args: dict[str, Any]
) -> None:
    with pytest.raises(ModelTooSmall, match="too small") as caught:
        await run(front(library), skill, args=args)
    assert "ingle model pull" in caught.value.hint
    assert "MB" in caught.value.hint
    assert "\n" not in caught.value.message


async def test_anyway_and_the_setting_let_it_write(library: Library) -> None:
    assert (await run(front(library), "fix", anyway=True))[0].strategy == "generative"
    assert (await run(front(library, allow_weak=True), "fix"))[0].strategy == "generative"


@pytest.mark.parametrize("tier", ["small", "medium"])
async def test_a_larger_model_writes(library: Library, tier: Tier) -> None:
    engine = ToyEngine(answers=["Here is the summary: It is about a mill."], tier=tier)
    result, heard = await run(front(library, engine), "summarize")
    assert result.text == heard == "It is about a mill."
    assert result.strategy == "generative"


async def test_a_model_of_which_nothing_is_known_is_tiny(library: Library) -> None:
    assert (await run(front(library, ToyEngine(tier=None)), "summarize"))[0].strategy == "extractive"


async def test_ask_is_a_skill_too(library: Library) -> None:
    result, heard = await run(front(library), "ask", MAIL, args={"question": "Where is the meeting?"})
    assert result.text == heard == "The meeting is in room 7."
    assert result.data["citations"][0]["start"] == MAIL.index("The meeting")


@pytest.mark.parametrize(
    ("params", "error", "word"),
    [
        ({"skill": "sing"}, NotFound, "sing"),
        ({"skill": "summarize", "args": {"x": 1}}, InvalidParams, "x"),
        ({"skill": "translate"}, InvalidParams, "to"),
        ({"skill": "summarize", "text": " \n"}, InvalidParams, "empty"),
    ],
)
async def test_a_wrong_request_is_named(
    library: Library, params: dict[str, Any], error: type[Exception], word: str
) -> None:
    with pytest.raises(error, match=word):
        await front(library).run_skill(SkillRunParams(**({"text": "A text."} | params)), print)


async def test_a_deadline_ends_a_skill(library: Library) -> None:
    class Stuck(ToyEngine):
        async def tokenize(self, text: str) -> list[int]:
            import asyncio

            return await asyncio.get_running_loop().create_future()

    with pytest.raises(DeadlineExceeded):
        await run(front(library, Stuck()), "summarize", deadline_ms=1)


def test_the_list_says_what_each_skill_would_do_now(library: Library, tmp_path: Path) -> None:
    assistant = front(library)
    (tmp_path / "broken.toml").write_text("x = 1")
    assistant.skills = SkillSet.load(tmp_path)
    listed = {one.name: one for one in assistant.skill_list()}
    assert (listed["summarize"].available, listed["summarize"].strategy) == (True, "extractive")
    assert (listed["rewrite"].available, listed["rewrite"].strategy) == (False, "")
    assert listed["rewrite"].reason
    assert "too small" in listed["rewrite"].reason
    assert "unknown key" in str(listed["broken"].reason)
    assert listed["classify"].args["labels"].endswith("(required)")


# ---- ask


async def test_a_question_is_answered_from_the_text_given(library: Library) -> None:
    heard: list[str] = []
    result = await front(library).ask(
        AskParams(question="Where is the meeting?", text=MAIL), heard.append
    )
    assert result.answer == "".join(heard) == "The meeting is in room 7."
    assert MAIL[result.citations[0].start : result.citations[0].end] == result.citations[0].quote
    assert result.strategy == "scoring"


async def test_without_a_text_what_is_remembered_is_looked_through(library: Library) -> None:
    memory = Memory(10, 60)
    memory.put(Item("clipboard", "mail", "x", MAIL, id="one"))
    memory.put(Item("file", "notes", "/home/x/notes.txt", "The ferry leaves from pier three.", id="two"))
    assistant = Assistant(ToyEngine(), library, memory, SkillSet.load())
    mail = await assistant.ask(AskParams(question="Where is the meeting?"), print)
    assert (mail.citations[0].document, mail.citations[0].path) == ("one", None)
    ferry = await assistant.ask(AskParams(question="From which pier does the ferry leave?"), print)
    assert (ferry.citations[0].document, ferry.citations[0].path) == ("two", "/home/x/notes.txt")
    nothing = await assistant.ask(AskParams(question="Wie heißt Jupiters Mond?"), print)
    assert nothing.refused
    assert nothing.citations == []


async def test_a_tiny_model_knows_nothing_by_itself(library: Library) -> None:
    with pytest.raises(ModelTooSmall, match="give it a text") as caught:
        await front(library).ask(AskParams(question="What is the capital of France?"), print)
    assert "ingle model pull" in caught.value.hint


async def test_a_larger_model_answers_from_its_knowledge_without_citations(library: Library) -> None:
    memory = Memory(10, 60)
    memory.put(Item("clipboard", "mail", "x", MAIL))
    engine = ToyEngine(answers=["Paris."], tier="small")
    assistant = Assistant(engine, library, memory, SkillSet.load())
    result = await assistant.ask(AskParams(question="What is the capital of France?"), print)
    assert (result.answer, result.citations, result.refused) == ("Paris.", [], False)
    assert not any(MAIL in span.text for span in engine.generated[0].spans)


async def test_a_larger_model_answers_from_what_is_remembered(library: Library) -> None:
    memory = Memory(10, 60)
    memory.put(Item("clipboard", "mail", "x", MAIL, id="one"))
    assistant = Assistant(
        ToyEngine(answers=["In room 7."], tier="small"), library, memory, SkillSet.load()
    )
    result = await assistant.ask(AskParams(question="Where is the meeting?"), print)
    assert result.citations[0].document == "one"


@pytest.mark.parametrize(
    ("params", "error"), [({"collection": "letters"}, NotFound), ({"text": " "}, InvalidParams)]
)
async def test_ask_refuses_what_it_cannot_do(
    library: Library, params: dict[str, Any], error: type[Exception]
) -> None:
    with pytest.raises(error):
        await front(library).ask(AskParams(question="Why?", **params), print)


# ---- evaluate


async def test_what_was_measured_counts_from_then_on(library: Library) -> None:
    library.directory.mkdir()
    tiny_gguf.build(library.path_of("toy"))
    library.record_eval("toy", "small", {})
    assistant = front(library, ToyEngine(tier="small"))
    assert (await run(assistant, "summarize"))[0].strategy == "generative"
    result = await assistant.evaluate(lambda _: None)
    assert result.tier == library.story("toy").tier == "tiny"
    assert (await run(assistant, "summarize"))[0].strategy == "extractive"
