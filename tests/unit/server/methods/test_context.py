"""The gate of `context.put`, and what becomes of an item behind it."""

from pathlib import Path
from typing import Any

import pytest

from ingle.config import ContextConfig
from ingle.context.items import Item, Memory
from ingle.context.results import KeptResult, Results
from ingle.errors import InvalidParams, NotFound, NotPermitted, Paused
from ingle.rpc.dispatcher import Call
from ingle.server.methods.context import ContextMethods
from ingle.wire.calls.context import (
    ContextForgetParams,
    ContextGetParams,
    ContextListParams,
    ContextPutParams,
    ContextSearchParams,
)

LONG = "The harbour was quiet that morning. " * 30


class Caller:
    def __init__(self, grants: frozenset[str] | None = None) -> None:
        self.name, self.grants = "somebody", grants


class Digest:
    """Stands in for the digest: which items it was given."""

    def __init__(self) -> None:
        self.added: list[Item] = []
        self.asked: list[Item] = []
        self.forgotten: set[str] = set()

    def wants(self, item: Item) -> bool:
        return item.kind == "clipboard"

    def add(self, item: Item, *, is_asked: bool = False) -> None:
        (self.asked if is_asked else self.added).append(item)

    def forget(self, ids: set[str]) -> None:
        self.forgotten |= ids


PERSON: Any = Call(Caller(), 1)  # type: ignore[arg-type]
PLUGIN: Any = Call(Caller(frozenset({"context.write"})), 1)  # type: ignore[arg-type]


@pytest.fixture
def digest() -> Digest:
    return Digest()


@pytest.fixture
def results() -> Results:
    return Results(50, 3600, lambda *_: None)


@pytest.fixture
def methods(digest: Digest, results: Results) -> ContextMethods:
    memory: Any = Memory(50, 3600)
    return ContextMethods(memory, results, digest, lambda *_: None, ContextConfig())  # type: ignore[arg-type]


async def test_an_accepted_text_can_be_listed_got_found_and_forgotten(
    methods: ContextMethods, digest: Digest
) -> None:
    put = await methods.put(ContextPutParams(kind="clipboard", text=LONG, title="Harbour"), PERSON)
    assert put.accepted
    assert put.id
    [info] = await methods.listed(ContextListParams(), PERSON)
    assert (info.id, info.title, info.chars, info.origin) == (put.id, "Harbour", len(LONG), "somebody")
    assert (await methods.get(ContextGetParams(id=put.id), PERSON)).text == LONG
    [hit] = await methods.search(ContextSearchParams(query="QUIET"), PERSON)
    assert LONG[hit.start : hit.end] == "quiet"
    assert digest.added[0].id == put.id
    assert (await methods.forget(ContextForgetParams(id=put.id), PERSON)).forgotten == 1
    assert digest.forgotten == {put.id}
    with pytest.raises(NotFound):
        await methods.get(ContextGetParams(id=put.id), PERSON)


@pytest.mark.parametrize(
    "text", ["", "   ", "a\0b", "x" * (9 * 1024 * 1024), "-----BEGIN RSA PRIVATE KEY-----"]
)
async def test_a_refused_text_leaves_no_trace(
    methods: ContextMethods, digest: Digest, text: str
) -> None:
    put = await methods.put(ContextPutParams(kind="clipboard", text=text), PERSON)
    assert (put.id, put.accepted) == (None, False)
    assert put.reason
    assert await methods.listed(ContextListParams(), PERSON) == []
    assert digest.added == []


async def test_a_file_is_read_for_the_person_and_not_for_a_plugin(
    methods: ContextMethods, tmp_path: Path
) -> None:
    (tmp_path / "a.txt").write_text(LONG)
    params = ContextPutParams(kind="file", path=str(tmp_path / "a.txt"))
    put = await methods.put(params, PERSON)
    assert (await methods.get(ContextGetParams(id=put.id or ""), PERSON)).title == "a.txt"
    with pytest.raises(NotPermitted):
        await methods.put(params, PLUGIN)


async def test_a_pause_holds_plugins_back_and_not_the_person(methods: ContextMethods) -> None:
    methods.is_paused = True
    params = ContextPutParams(kind="note", text="hello")
    with pytest.raises(Paused):
        await methods.put(params, PLUGIN)
    assert (await methods.put(params, PERSON)).accepted


async def test_whether_to_summarise_can_be_said(methods: ContextMethods, digest: Digest) -> None:
    short = ContextPutParams(kind="note", text="hello", summarize=True)
    put = await methods.put(short, PERSON)
    await methods.put(ContextPutParams(kind="clipboard", text=LONG, summarize=False), PERSON)
    assert [item.id for item in digest.asked] == [put.id]
    assert digest.added == []


@pytest.mark.parametrize("given", [{}, {"text": "a", "path": "/b"}])
async def test_one_of_text_and_path_is_needed(methods: ContextMethods, given: dict[str, str]) -> None:
    with pytest.raises(InvalidParams):
        await methods.put(ContextPutParams(kind="note", **given), PERSON)


@pytest.mark.parametrize("given", [{}, {"all": True, "kind": "note"}])
async def test_what_to_forget_is_said_exactly_once(
    methods: ContextMethods, given: dict[str, Any]
) -> None:
    with pytest.raises(InvalidParams):
        await methods.forget(ContextForgetParams(**given), PERSON)


async def test_all_of_a_kind_or_everything_can_be_forgotten(methods: ContextMethods) -> None:
    for kind in ("note", "file", "file"):
        await methods.put(ContextPutParams(kind=kind, text="hello"), PERSON)
    assert (await methods.forget(ContextForgetParams(kind="file"), PERSON)).forgotten == 2
    assert (await methods.forget(ContextForgetParams(all=True), PERSON)).forgotten == 1


async def test_what_was_made_of_an_item_is_forgotten_with_it(
    methods: ContextMethods, results: Results
) -> None:
    first = await methods.put(ContextPutParams(kind="note", text="hello"), PERSON)
    second = await methods.put(ContextPutParams(kind="note", text="world"), PERSON)
    assert first.id
    assert second.id
    for sources in ({first.id, second.id}, {second.id}, set()):
        results.keep(KeptResult("answer", "t", "hello world", "o", frozenset(sources)))
    await methods.forget(ContextForgetParams(id=first.id), PERSON)
    assert [each.sources for each in results.newest()] == [frozenset(), {second.id}]
    await methods.forget(ContextForgetParams(all=True), PERSON)
    assert list(results.newest()) == []
