"""`Ingle`: the daemon as a plugin sees it. Each method is one public JSON-RPC method or a notice.

It knows no sockets: `runner` gives it a `Peer`, `testing` a recorder. What the person did not
grant is refused by the daemon with `NotPermitted`.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Protocol

import msgspec

from ingle.errors import InvalidParams, Paused
from ingle.sdk.protocol import FRAME_BYTES, STATE
from ingle.vocabulary import Coverage, Holdable, Priority
from ingle.wire.calls.assistant import AskResult, SkillResult
from ingle.wire.calls.context import ContextItem, ContextPutResult
from ingle.wire.calls.daemon import StatusResult
from ingle.wire.calls.result import ResultInfo

EVENTS_KEPT = 256
"""For a plugin that is slow to take its events; of more the oldest are dropped, and the log says so."""
LARGEST_TEXT = FRAME_BYTES // 2
"""Bytes of UTF-8: JSON escapes and the rest of the message fit into the other half, or nearly always."""


class Connection(Protocol):
    """What the facade needs of `rpc.Peer`."""

    async def call(
        self,
        method: str,
        params: Any = None,
        on_delta: Callable[[str], None] | None = None,
        on_coverage: Callable[[Coverage], None] | None = None,
    ) -> Any: ...

    def offer(self, method: str, params: Mapping[str, Any]) -> bool: ...


class Event(msgspec.Struct, frozen=True):
    """Something that happened in the daemon, such as `skill` / `summary.ready`."""

    topic: str
    name: str
    data: dict[str, Any]


class Settings(Mapping[str, Any]):
    """The plugin's settings, checked against its manifest: `settings.key` or `settings["key"]`."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        self._values = dict(values)

    def __getitem__(self, key: str) -> Any:
        return self._values[key]

    def __getattr__(self, key: str) -> Any:
        try:
            return self.__dict__["_values"][key]
        except KeyError:
            raise AttributeError(f"there is no setting {key!r} in plugin.toml") from None

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)


class Ingle:
    """Handed to `Plugin.run`; good for as long as `run` lives."""

    def __init__(
        self, connection: Connection, name: str, folder: Path, settings: Mapping[str, Any]
    ) -> None:
        self.name, self.folder = name, folder
        self.settings = Settings(settings)
        self.log = logging.getLogger(f"plugin.{name}")
        """Reaches the daemon's log at DEBUG. Never log what the person wrote or copied."""
        self._connection = connection
        self._queues: dict[asyncio.Queue[Event], frozenset[str]] = {}
        self._state: tuple[str, str | None] | None = None

    # ---- how it fares

    def running(self, note: str | None = None) -> None:
        """Tell the person that it works; `note` says what is not as it should be."""
        self._report("running", note)

    def waiting(self, reason: str) -> None:
        """Tell the person what it waits for; `running` takes it back."""
        self._report("waiting", reason)

    def _report(self, state: str, reason: str | None) -> None:
        if self._state != (state, reason):
            self._state = (state, reason)
            self._connection.offer(STATE, {"state": state, "reason": reason})

    # ---- the public methods

    async def call(
        self,
        method: str,
        params: Mapping[str, Any] | None = None,
        on_delta: Callable[[str], None] | None = None,
        on_coverage: Callable[[Coverage], None] | None = None,
    ) -> Any:
        """Call any public method; gives plain JSON values. Raises the daemon's `IngleError`."""
        return await self._connection.call(method, dict(params or {}), on_delta, on_coverage)

    async def put_context(
        self,
        text: str,
        *,
        kind: str,
        title: str | None = None,
        origin: str | None = None,
        summarize: bool | None = None,
    ) -> ContextPutResult:
        """Hand a text over. While the person has paused, it is not accepted and nothing is raised.

        `summarize`: True has it summarised next, however short; None as the daemon is configured.
        Raises `InvalidParams` for a text that is too large for a message.
        """
        if len(text) > LARGEST_TEXT or len(text.encode("utf-8", "replace")) > LARGEST_TEXT:
            raise InvalidParams(f"a text over {LARGEST_TEXT} bytes cannot be handed over")
        params: dict[str, Any] = {"kind": kind, "text": text, "title": title, "origin": origin}
        if summarize is not None:
            params["summarize"] = summarize
        try:
            result = await self.call("context.put", params)
        except Paused as paused:
            return ContextPutResult(id=None, accepted=False, reason=paused.message)
        return msgspec.convert(result, ContextPutResult)

    async def get_context(self, item: str) -> ContextItem:
        """One remembered item with its text. Raises `NotFound` when it is forgotten."""
        return msgspec.convert(await self.call("context.get", {"id": item}), ContextItem)

    async def run_skill(  # noqa: PLR0913 - all but the first two are named and seldom given
        self,
        skill: str,
        text: str,
        args: Mapping[str, Any] | None = None,
        *,
        priority: Priority = "background",
        on_delta: Callable[[str], None] | None = None,
        on_coverage: Callable[[Coverage], None] | None = None,
        keep: bool = False,
        anyway: bool = False,
    ) -> SkillResult:
        """Have the resident model work on a text; the pieces of the answer go to `on_delta`, and to
        `on_coverage`, as soon as it is known, how much of the text they will stand on.

        With `keep` the daemon remembers the result, and `result` is the id for `get_result`. With
        `anyway` a model that is too small for the skill tries it all the same.
        """
        params = {
            "skill": skill,
            "text": text,
            "args": dict(args or {}),
            "priority": priority,
            "stream": on_delta is not None,
            "keep": keep,
            "anyway": anyway,
        }
        return msgspec.convert(await self.call("skill.run", params, on_delta, on_coverage), SkillResult)

    async def ask(
        self,
        question: str,
        text: str | None = None,
        *,
        on_delta: Callable[[str], None] | None = None,
        on_coverage: Callable[[Coverage], None] | None = None,
        keep: bool = False,
        anyway: bool = False,
    ) -> AskResult:
        """Answer a question from `text`, or from what the context remembers; the rest as in
        `run_skill`."""
        params = {
            "question": question,
            "text": text,
            "stream": on_delta is not None,
            "keep": keep,
            "anyway": anyway,
        }
        return msgspec.convert(
            await self.call("assistant.ask", params, on_delta, on_coverage), AskResult
        )

    async def get_result(self, result: str) -> ResultInfo:
        """One of the last results with its text. Raises `NotFound` when it is forgotten."""
        return msgspec.convert(await self.call("result.get", {"id": result}), ResultInfo)

    async def status(self) -> StatusResult:
        return msgspec.convert(await self.call("daemon.status"), StatusResult)

    async def hold(self, what: Holdable, reason: str) -> None:
        """Hold back the model, background work or the plugins that watch, until `release` or until
        this plugin's process ends; returns when the model's memory is free. `reason` is shown."""
        await self.call("daemon.hold", {"what": what, "reason": reason})

    async def release(self, what: Holdable, reason: str, after_s: float = 0.0) -> None:
        """Let go of it, at once or so many seconds later; the model comes back with the first request
        if that is sooner."""
        await self.call("daemon.release", {"what": what, "reason": reason, "after_s": after_s})

    async def call_plugin(self, plugin: str, command: str, **args: Any) -> Any:
        """Call a command of another plugin."""
        return await self.call("plugin.call", {"plugin": plugin, "command": command, "args": args})

    # ---- events

    async def events(self, *topics: str) -> AsyncIterator[Event]:
        """Give the events of `topics` (all of them when none is named) as they happen."""
        queue: asyncio.Queue[Event] = asyncio.Queue(EVENTS_KEPT)
        self._queues[queue] = frozenset(topics)
        try:
            await self.call("event.subscribe", {"topics": list(topics)})
            while True:
                yield await queue.get()
        finally:
            self._forget(queue, topics)

    def _forget(self, queue: asyncio.Queue[Event], topics: tuple[str, ...]) -> None:
        del self._queues[queue]
        if not self._queues:  # a topic too many is filtered here; only the last one leaves for good
            self._connection.offer("event.unsubscribe", {"topics": list(topics)})

    def take_event(self, params: dict[str, Any]) -> None:
        """For the runner: a `$/event` has arrived."""
        event = msgspec.convert(params, Event)
        for queue, topics in self._queues.items():
            if not topics or event.topic in topics:
                self._put(queue, event)

    def _put(self, queue: asyncio.Queue[Event], event: Event) -> None:
        if queue.full():
            self.log.warning("events are not taken fast enough: the oldest is dropped")
            with suppress(asyncio.QueueEmpty):
                queue.get_nowait()
        queue.put_nowait(event)
