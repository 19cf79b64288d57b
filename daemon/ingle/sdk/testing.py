"""Drive a plugin in memory: no daemon, no process, no socket.

    async def scenario():
        async with running(load(Path("plugins/hello")), settings={"greeting": "Hi"}) as ingle:
            await ingle.emit("skill", "summary.ready", {"title": "A letter"})
            put = await ingle.next_put()
            assert put["text"] == "Hi"
            assert await ingle.command("greet", name="Ada") == "Hi, Ada"

Everything the plugin calls is recorded in `ingle.calls`; `ingle.answers[method]` holds what it
gets back, a value, an exception to raise, or a function of the parameters. `settings` are added
to the defaults in plugin.toml. An exception that `run` raises comes out of the `async with`.
"""

import asyncio
import sys
import tomllib
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from ingle.sdk.facade import Ingle
from ingle.sdk.loading import load
from ingle.sdk.plugin import Plugin, commands_of, find_command
from ingle.sdk.protocol import STATE
from ingle.vocabulary import Coverage

__all__ = ["FakeIngle", "defaults", "load", "running"]

PATIENCE_S = 10.0
"""How long the `next_...` methods wait before the test fails with `TimeoutError`."""


class _Recorder:
    """Stands where the daemon would be."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self.states: list[tuple[str, str | None]] = []
        self.answers: dict[str, Any] = {
            "context.put": {"id": "1", "accepted": True, "reason": None},
            "event.subscribe": {"topics": []},
        }
        self.changed = asyncio.Condition()

    async def call(
        self,
        method: str,
        params: Any = None,
        on_delta: Callable[[str], None] | None = None,
        on_coverage: Callable[[Coverage], None] | None = None,
    ) -> Any:
        async with self.changed:
            self.calls.append((method, dict(params or {})))
            self.changed.notify_all()
        answer = self.answers.get(method)
        if callable(answer):
            answer = answer(params)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def offer(self, method: str, params: Mapping[str, Any]) -> bool:
        if method == STATE:
            self.states.append((params["state"], params["reason"]))
        else:
            self.calls.append((method, dict(params)))
        self._background = asyncio.ensure_future(self._tell())
        return True

    async def _tell(self) -> None:
        async with self.changed:
            self.changed.notify_all()


class FakeIngle(Ingle):
    """The `Ingle` that a plugin under test gets, with what a test needs besides."""

    def __init__(
        self, plugin: Plugin, name: str, folder: Path, settings: Mapping[str, Any] | None = None
    ) -> None:
        self._recorder = _Recorder()
        self._plugin = plugin
        self._read: dict[str, int] = {}
        super().__init__(self._recorder, name, folder, settings or {})

    @property
    def answers(self) -> dict[str, Any]:
        """What a method answers: a value, an exception, or a function of the parameters."""
        return self._recorder.answers

    @property
    def calls(self) -> list[tuple[str, dict[str, Any]]]:
        """Everything that the plugin called: `(method, params)`."""
        return self._recorder.calls

    @property
    def puts(self) -> list[dict[str, Any]]:
        """The parameters of each `context.put`."""
        return [params for method, params in self.calls if method == "context.put"]

    @property
    def states(self) -> list[tuple[str, str | None]]:
        """What it said of itself: `("waiting", "no printer")`."""
        return self._recorder.states

    async def next_put(self) -> dict[str, Any]:
        """The next `context.put`, in order. Raises `TimeoutError`."""
        return (await self.next_call("context.put")) or {}

    async def next_call(self, method: str) -> dict[str, Any]:
        """The parameters of the next call of `method`, in order. Raises `TimeoutError`."""
        position = self._read.get(method, 0)
        self._read[method] = position + 1
        await self.until(lambda: len(self._of(method)) > position)
        return self._of(method)[position]

    def _of(self, method: str) -> list[dict[str, Any]]:
        return [params for called, params in self.calls if called == method]

    async def until(self, is_so: Callable[[], bool]) -> None:
        """Wait until `is_so`, looked at whenever the plugin did something. Raises `TimeoutError`."""
        async with asyncio.timeout(PATIENCE_S), self._recorder.changed:
            await self._recorder.changed.wait_for(is_so)

    async def emit(self, topic: str, name: str, data: Mapping[str, Any]) -> None:
        """Have an event happen, as soon as the plugin listens."""
        await self.until(lambda: bool(self._queues))
        self.take_event({"topic": topic, "name": name, "data": dict(data)})

    async def command(self, name: str, **args: Any) -> Any:
        """Call a command as `plugin.call` does, its arguments checked."""
        return await find_command(commands_of(type(self._plugin)), name).call(self._plugin, args)


@asynccontextmanager
async def running(
    kind: type[Plugin], settings: Mapping[str, Any] | None = None, folder: Path | None = None
) -> AsyncIterator[FakeIngle]:
    """Run a plugin class for as long as the block; then it is cancelled and has to end."""
    plugin = kind()
    where = folder or _folder_of(kind)
    ingle = FakeIngle(plugin, where.name, where, {**defaults(where), **(settings or {})})
    life = asyncio.ensure_future(plugin.run(ingle))
    try:
        yield ingle
    finally:
        life.cancel()
        await asyncio.wait([life], timeout=PATIENCE_S)
    if not life.cancelled() and (error := life.exception()):
        raise error


def defaults(folder: Path) -> dict[str, Any]:
    """The defaults of the settings in `folder/plugin.toml`; empty where there is none."""
    manifest = folder / "plugin.toml"
    if not manifest.is_file():
        return {}
    settings = tomllib.loads(manifest.read_text(encoding="utf-8")).get("settings", {})
    return {key: spec["default"] for key, spec in settings.items()}


def _folder_of(kind: type[Plugin]) -> Path:
    module = sys.modules[kind.__module__]
    return Path(module.__file__ or ".").parent
