"""What is asked to be kept is kept, found again, and forgotten; nothing else is kept."""

from collections.abc import Callable
from typing import Any

import pytest

from ingle.context.items import Item, Memory
from ingle.context.results import Results
from ingle.errors import NotFound
from ingle.rpc.dispatcher import Call
from ingle.server.methods import assistant, result
from ingle.vocabulary import Coverage, Timing, Usage
from ingle.wire.calls.assistant import (
    AskParams,
    AskResult,
    ChatMessage,
    Citation,
    GenerateParams,
    GenerateResult,
    SkillResult,
    SkillRunParams,
)
from ingle.wire.calls.result import ResultForgetParams, ResultGetParams, ResultListParams

FIGURES: dict[str, Any] = {
    "model": "m", "usage": Usage(), "timing": Timing(), "coverage": Coverage(read=1, total=1, parts=1)
}  # fmt: skip


class Scripted:
    """Stands in for the assistant; `meanwhile` happens while it answers."""

    def __init__(self) -> None:
        self.strategy, self.cited = "scoring", list[str]()
        self.meanwhile: Callable[[], object] = lambda: None

    async def generate(self, params: GenerateParams, delta: Any) -> GenerateResult:
        return GenerateResult(
            text="shorter", finish_reason="stop", model="m", usage=Usage(), timing=Timing()
        )

    async def run_skill(self, params: SkillRunParams, delta: Any, covers: Any) -> SkillResult:
        return SkillResult(text="short", finish_reason="stop", strategy="generative", **FIGURES)

    async def ask(self, params: AskParams, delta: Any, covers: Any) -> AskResult:
        self.meanwhile()
        citations = [
            Citation(quote="q", document=name, path=None, start=0, end=1, verdict="supported")
            for name in self.cited
        ]
        return AskResult(
            answer="On Friday.", citations=citations, refused=False, strategy=self.strategy, **FIGURES
        )


class Caller:
    name, grants = "plugin popup", frozenset[str]()


CALL: Any = Call(Caller(), 1)  # type: ignore[arg-type]


class Daemon:
    """The two families of methods over one memory."""

    def __init__(self) -> None:
        self.scripted = Scripted()
        self.memory, self.results = Memory(10, 60), Results(10, 60, lambda *_: None)
        scripted: Any = self.scripted
        self._handlers = assistant.handlers(scripted, self.memory, self.results)
        self._handlers |= result.handlers(self.results)

    async def __call__(self, method: str, params: Any) -> Any:
        return await self._handlers[method](params, CALL)

    def remember(self, text: str) -> str:
        item = Item(kind="note", title="t", origin="o", text=text)
        self.memory.put(item)
        return item.id


@pytest.fixture
def daemon() -> Daemon:
    return Daemon()


async def test_only_what_is_asked_to_be_kept_is_kept(daemon: Daemon) -> None:
    run = SkillRunParams(skill="rewrite", text="A long text.\nWith lines.")
    assert (await daemon("skill.run", run)).result is None
    assert await daemon("result.list", ResultListParams()) == []
    kept = await daemon("skill.run", SkillRunParams(skill="rewrite", text=run.text, keep=True))
    [info] = await daemon("result.list", ResultListParams())
    assert (info.id, info.kind, info.title, info.text, info.origin, info.item) == (
        kept.result, "rewrite", "A long text.", "short", "plugin popup", None,
    )  # fmt: skip
    assert await daemon("result.get", ResultGetParams(id=info.id)) == info


async def test_the_last_answer_of_a_conversation_is_kept_under_what_was_asked_last(
    daemon: Daemon,
) -> None:
    said = [ChatMessage(role="user", content=text) for text in ("A letter.", "Shorter, please")]
    assert (await daemon("assistant.generate", GenerateParams(messages=said))).result is None
    kept = await daemon("assistant.generate", GenerateParams(messages=said, keep=True))
    [info] = await daemon("result.list", ResultListParams())
    assert (info.id, info.kind, info.title, info.text) == (
        kept.result, "answer", "Shorter, please", "shorter",
    )  # fmt: skip


async def test_the_newest_come_first_and_no_more_than_wanted(daemon: Daemon) -> None:
    ids = [
        (await daemon("skill.run", SkillRunParams(skill="title", text=text, keep=True))).result
        for text in "abc"
    ]
    listed = await daemon("result.list", ResultListParams(limit=2))
    assert [each.id for each in listed] == [ids[2], ids[1]]


async def test_one_or_all_are_forgotten(daemon: Daemon) -> None:
    run = SkillRunParams(skill="title", text="a", keep=True)
    first, _, _ = [(await daemon("skill.run", run)).result for _ in range(3)]
    assert (await daemon("result.forget", ResultForgetParams(id=first))).forgotten == 1
    with pytest.raises(NotFound):
        await daemon("result.get", ResultGetParams(id=first))
    with pytest.raises(NotFound):
        await daemon("result.forget", ResultForgetParams(id=first))
    assert (await daemon("result.forget", ResultForgetParams())).forgotten == 2


async def test_a_quote_is_made_of_the_item_that_it_is_from(daemon: Daemon) -> None:
    one, _ = daemon.remember("one"), daemon.remember("two")
    daemon.scripted.cited = [one]
    kept = await daemon("assistant.ask", AskParams(question="When?", keep=True))
    info = await daemon("result.get", ResultGetParams(id=kept.result))
    assert (info.kind, info.title, info.text, info.item) == ("answer", "When?", "On Friday.", one)


async def test_a_written_answer_is_made_of_all_that_was_read(daemon: Daemon) -> None:
    items = {daemon.remember("one"), daemon.remember("two")}
    daemon.scripted.strategy = "generative"
    kept = await daemon("assistant.ask", AskParams(question="When?", keep=True))
    assert daemon.results.get(kept.result).sources == items


async def test_an_answer_from_a_given_text_is_made_of_no_item(daemon: Daemon) -> None:
    daemon.remember("one")
    kept = await daemon("assistant.ask", AskParams(question="When?", text="A text.", keep=True))
    assert daemon.results.get(kept.result).sources == frozenset()


async def test_what_is_forgotten_while_it_is_answered_from_is_not_kept(daemon: Daemon) -> None:
    one = daemon.remember("one")
    daemon.scripted.cited = [one]
    daemon.scripted.meanwhile = lambda: daemon.memory.forget([one])
    answer = await daemon("assistant.ask", AskParams(question="When?", keep=True))
    assert (answer.answer, answer.result) == ("On Friday.", None)
    assert list(daemon.results.newest()) == []
