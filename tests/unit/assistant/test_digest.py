"""What was copied is summarised once, in order, unless the person pauses or wants it forgotten."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from ingle.assistant.digest import QUEUE, Digest
from ingle.config import ContextConfig
from ingle.context.items import Item
from ingle.context.results import Results
from ingle.errors import EngineUnavailable
from ingle.vocabulary import Coverage, Timing, Topic, Usage
from ingle.wire.calls.assistant import SkillResult, SkillRunParams

LONG = "A sentence about the harbour. " * 30


class Scripted:
    """An assistant that answers when it is let; `seen` are the texts it was asked to summarise."""

    def __init__(self) -> None:
        self.seen: list[str] = []
        self.asked = asyncio.Event()
        self.go = asyncio.Event()
        self.error: EngineUnavailable | None = None

    async def run_skill(self, params: SkillRunParams, delta: Callable[[str], None]) -> SkillResult:
        self.seen.append(params.text)
        self.asked.set()
        await self.go.wait()
        if self.error:
            raise self.error
        delta("short")
        return SkillResult(
            text="short", title="T", finish_reason="stop", model="m", usage=Usage(), timing=Timing(),
            strategy="extractive", coverage=Coverage(read=1, total=1, parts=1),
        )  # fmt: skip


class Told:
    """What was published, and a way to wait for it."""

    def __init__(self) -> None:
        self.events: list[tuple[str, dict[str, Any]]] = []
        self.changed = asyncio.Event()

    def publish(self, topic: Topic, name: str, data: dict[str, Any]) -> None:
        self.events.append((name, data))
        self.changed.set()

    async def until(self, name: str, times: int = 1) -> list[dict[str, Any]]:
        async with asyncio.timeout(5):
            while len(found := [data for each, data in self.events if each == name]) < times:
                self.changed.clear()
                await self.changed.wait()
        return found


def item(text: str = LONG, kind: str = "clipboard") -> Item:
    return Item(kind=kind, title="t", origin="o", text=text)


@asynccontextmanager
async def running() -> AsyncIterator[tuple[Digest, Scripted, Told]]:
    scripted, told = Scripted(), Told()
    digest = Digest(scripted, Results(10, 60, told.publish), told.publish, ContextConfig())
    task = asyncio.create_task(digest.run())
    try:
        yield digest, scripted, told
    finally:
        task.cancel()
        await asyncio.wait([task])


async def test_a_summary_is_told_with_its_item_and_kept_with_it() -> None:
    async with running() as (digest, scripted, told):
        scripted.go.set()
        copied = item()
        digest.add(copied)
        [data] = await told.until("summary.ready")
    assert {"origin", "title", "text", "coverage", "item"} <= data.keys()
    assert (data["item"], data["text"], copied.summary) == (copied.id, "short", "short")
    assert told.events[0] == ("summary.delta", {"item": copied.id, "text": "short"})
    [kept] = await told.until("result.ready")
    assert (kept["id"], kept["kind"], kept["title"]) == (data["result"], "summary", "T")


async def test_a_failure_is_told_and_the_next_item_is_served() -> None:
    async with running() as (digest, scripted, told):
        scripted.go.set()
        scripted.error = EngineUnavailable("the engine died")
        digest.add(item())
        [failed] = await told.until("summary.failed")
        scripted.error = None
        digest.add(item("other " * 100))
        await told.until("summary.ready")
    assert failed["reason"] == "the engine died"


async def test_a_pause_stops_the_item_in_hand_and_resume_takes_it_up_again() -> None:
    async with running() as (digest, scripted, told):
        digest.add(item())
        await scripted.asked.wait()
        scripted.asked.clear()
        digest.pause()
        scripted.go.set()
        digest.resume()
        await told.until("summary.ready")
    assert scripted.seen == [LONG, LONG]


async def test_a_forgotten_item_is_not_summarised() -> None:
    async with running() as (digest, scripted, told):
        first, second, third = item("a" * 500), item("b" * 500), item("c" * 500)
        for each in (first, second, third):
            digest.add(each)
        await scripted.asked.wait()
        digest.forget({first.id, second.id})
        scripted.go.set()
        [data] = await told.until("summary.ready")
    assert data["item"] == third.id


async def test_what_a_person_asks_for_is_next() -> None:
    async with running() as (digest, scripted, told):
        digest.add(item("a" * 500))
        await scripted.asked.wait()
        digest.add(item("b" * 500))
        digest.add(item("c" * 500), is_asked=True)
        scripted.go.set()
        await told.until("summary.ready", times=3)
    assert [text[0] for text in scripted.seen] == ["a", "c", "b"]


async def test_a_burst_keeps_the_newest_and_tells_of_the_rest() -> None:
    async with running() as (digest, scripted, told):
        digest.add(item())
        await scripted.asked.wait()
        for _ in range(QUEUE + 3):
            digest.add(item())
        failed = await told.until("summary.failed", times=3)
    assert all("too many" in each["reason"] for each in failed)


@pytest.mark.parametrize(
    ("text", "kind", "wanted"),
    [(LONG, "clipboard", True), ("short", "clipboard", False), (LONG, "note", False)],
)
async def test_only_long_texts_of_watched_kinds_are_wanted(text: str, kind: str, wanted: bool) -> None:
    async with running() as (digest, _, _told):
        assert digest.wants(item(text, kind)) is wanted
