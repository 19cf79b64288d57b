"""The skills with the embedded model, which is tiny: faithful by construction, never its wording."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from fakes.fronted import fronted
from ingle.assistant.assistant import Assistant
from ingle.context.items import Item
from ingle.errors import ContextTooLong, ModelTooSmall
from ingle.models.catalog import EMBEDDED
from ingle.wire.calls.assistant import AskParams, GenerateParams, SkillResult, SkillRunParams

pytestmark = [pytest.mark.engine, pytest.mark.asyncio(loop_scope="module")]

ENGLISH = """\
The old mill in the valley burned down in the winter of 1931. Nobody was hurt, but the grain of three
villages was lost. The owner, Martha Lindner, had no insurance and moved to the coast with her sons.

Four years later the parish bought the ruin for ninety crowns. It was rebuilt as a school with two
rooms, and the first twenty-six children began their lessons there in September 1935. The teacher,
Josef Hahn, lived above the class rooms and kept bees in the garden behind the house.

The school was closed in 1960, when a larger one was opened in the town. For some years the building
was used to store furniture. In 1978 the roof was damaged by a storm, and the council wanted to pull
the house down. A group of former pupils collected signatures and money, and repaired it themselves.

Today the mill is a museum about the river and its mills. It is open from April to October and has
about four thousand visitors a year. The water wheel was built anew in 2004 after drawings that were
found in the archive of the monastery. On the first Sunday in May bread is baked in the old oven.
"""
GERMAN = """\
Die alte Mühle im Tal brannte im Winter 1931 ab. Niemand wurde verletzt, aber das Getreide von drei
Dörfern ging verloren. Die Besitzerin zog mit ihren Söhnen an die Küste.

Vier Jahre später kaufte die Gemeinde die Ruine. Sie wurde als Schule mit zwei Räumen aufgebaut, und
die ersten Kinder begannen dort im September 1935. Der Lehrer wohnte über den Klassenzimmern.

Heute ist die Mühle ein Museum über den Fluss. Sie ist von April bis Oktober geöffnet. Das Wasserrad
wurde 2004 nach alten Zeichnungen neu gebaut. Am ersten Sonntag im Mai wird Brot gebacken.
"""
CHINESE = (
    "山谷里的老磨坊在1931年冬天被烧毁了。没有人受伤，但是三个村庄的粮食都没有了。主人带着儿子们搬到了海边。\n\n"
    "四年后教区买下了废墟。它被重建为一所有两间教室的学校。第一批孩子于1935年9月开始在那里上课。老师住在教室的楼上。\n\n"
    "今天磨坊是一座关于河流的博物馆。它从四月开放到十月。水车是2004年按照旧图纸重新建造的。"
)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def assistant(
    embedded_model: Path, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Assistant]:
    async with fronted(embedded_model, tmp_path_factory.mktemp("models"), EMBEDDED) as front:
        yield front


async def run(assistant: Assistant, skill: str, text: str, **args: object) -> tuple[SkillResult, str]:
    heard: list[str] = []
    params = SkillRunParams(skill=skill, text=text, args=args)
    result = await assistant.run_skill(params, heard.append)
    return result, "".join(heard)


@pytest.mark.parametrize("text", [ENGLISH, GERMAN, CHINESE], ids=["en", "de", "zh"])
async def test_a_summary_is_made_of_the_texts_own_sentences(assistant: Assistant, text: str) -> None:
    result, heard = await run(assistant, "summarize", text)
    assert result.strategy == "extractive"
    assert result.text == heard
    left = result.text
    for start, end in result.data["sentences"]:
        assert text[start:end] in left
        left = left.replace(text[start:end], "", 1)
    assert not left.strip()
    assert 2 <= len(result.data["sentences"]) <= 5
    assert len(result.text) < len(text) / 2
    assert result.coverage.read == result.coverage.total == len(text)
    assert result.title
    assert result.title in text


async def test_a_summary_costs_about_two_readings_of_the_text(assistant: Assistant) -> None:
    result, _ = await run(assistant, "summarize", ENGLISH)
    tokens = len(await assistant._engine.tokenize(ENGLISH))
    assert result.usage.input_tokens < tokens * 2.6 + 400
    assert result.usage.output_tokens == 0
    assert result.timing.ttft_ms <= result.timing.total_ms


async def test_a_title_stands_in_the_text(assistant: Assistant) -> None:
    result, heard = await run(assistant, "title", ENGLISH)
    assert result.text == heard
    assert result.text in ENGLISH


async def test_a_label_is_one_of_those_given(assistant: Assistant) -> None:
    labels = ["advertising", "bill", "private"]
    result, heard = await run(assistant, "classify", "50% off all shoes, today only!", labels=labels)
    assert result.text == heard
    assert set(result.data["scores"]) == set(labels)
    assert result.data["label"] == result.text
    assert sum(result.data["scores"].values()) == pytest.approx(1.0)


async def test_a_question_is_answered_with_a_sentence_of_the_text(assistant: Assistant) -> None:
    params = AskParams(question="When was the school closed?", text=ENGLISH)
    result = await assistant.ask(params, print)
    assert not result.refused
    (citation,) = result.citations
    assert ENGLISH[citation.start : citation.end] == citation.quote == result.answer
    assert "1960" in citation.quote


async def test_a_question_about_something_else_is_refused(assistant: Assistant) -> None:
    params = AskParams(question="Which vitamins does a banana contain?", text=ENGLISH)
    result = await assistant.ask(params, print)
    assert result.refused
    assert result.citations == []


async def test_what_is_remembered_is_looked_through(assistant: Assistant) -> None:
    assistant._memory.put(Item("clipboard", "museum", "test", ENGLISH, id="museum"))
    result = await assistant.ask(AskParams(question="Who was the teacher?"), print)
    assert result.citations[0].document == "museum"
    assistant._memory.forget(["museum"])


async def test_it_declines_to_write_and_names_a_model(assistant: Assistant) -> None:
    with pytest.raises(ModelTooSmall) as caught:
        await run(assistant, "rewrite", "Send me the report.")
    assert "ingle model pull" in caught.value.hint


async def test_anyway_lets_it_write_something(assistant: Assistant) -> None:
    heard: list[str] = []
    params = SkillRunParams(skill="fix", text="she dont like apples", anyway=True)
    result = await assistant.run_skill(params, heard.append)
    assert result.text == "".join(heard) != ""


async def test_a_prompt_that_does_not_fit_is_an_error(assistant: Assistant) -> None:
    with pytest.raises(ContextTooLong):
        await assistant.generate(GenerateParams(prompt=ENGLISH * 60), print)


async def test_json_by_a_schema_is_valid(assistant: Assistant) -> None:
    import json

    schema = {"type": "object", "properties": {"year": {"type": "integer"}}, "required": ["year"]}
    params = GenerateParams(prompt="When did the mill burn? 1931.", schema=schema, max_tokens=60)
    result = await assistant.generate(params, print)
    assert isinstance(json.loads(result.text)["year"], int)


async def test_measured_it_is_tiny_and_that_is_kept(assistant: Assistant) -> None:
    result = await assistant.evaluate(lambda _: None)
    assert result.tier == "tiny"
    assert assistant._library.find(EMBEDDED).is_measured
