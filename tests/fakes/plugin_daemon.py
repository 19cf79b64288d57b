"""The daemon's plugin half with real host processes, and a small public dispatcher that records."""

import asyncio
import inspect
import json
import textwrap
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec

from ingle.errors import NotFound
from ingle.plughost.plughost import PluginHosts
from ingle.rpc.dispatcher import Call, Dispatcher, Route
from ingle.vocabulary import PluginState
from ingle.wire import codes
from ingle.wire.calls.plugin import PluginInfo
from ingle.wire.schema import METHODS

PATIENCE_S = 30.0

PASSIVE = """
from ingle.sdk import Ingle, Plugin, command

class It(Plugin):
    @command
    async def hello(self, name: str = "you") -> str:
        return f"hello {name}"
"""
SENDS = """
from ingle.sdk import Ingle, Plugin

class It(Plugin):
    async def run(self, ingle: Ingle) -> None:
        await ingle.put_context(f"from {ingle.name}", kind="clipboard")
        await super().run(ingle)
"""
CLINGS = """
import asyncio
from ingle.sdk import Ingle, Plugin

class It(Plugin):
    async def run(self, ingle: Ingle) -> None:
        while True:
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                ingle.waiting("I stay")
"""


def write_plugin(folder: Path, name: str, code: str = PASSIVE, **manifest: Any) -> Path:
    """A plugin on disk; `manifest` values are added to its plugin.toml, tables last."""
    home = folder / name
    home.mkdir(parents=True, exist_ok=True)
    entries = {"name": name, "summary": "for a test", **manifest}
    settings: Mapping[str, Mapping[str, Any]] = entries.pop("settings", {})
    lines = [f"{key} = {json.dumps(value)}" for key, value in entries.items()]
    for key, spec in settings.items():
        lines.append(f"[settings.{key}]")
        lines += [f"{field} = {json.dumps(value)}" for field, value in spec.items()]
    (home / "plugin.toml").write_text("\n".join(lines) + "\n")
    (home / "plugin.py").write_text(textwrap.dedent(code))
    return home


class PluginDaemon:
    """What a test looks at; every wait is for a condition and is bounded."""

    def __init__(
        self,
        search: list[tuple[str, Path]],
        state: Path,
        answers: Mapping[str, Any] | None = None,
        **options: Any,
    ) -> None:
        """`answers`: what further methods answer, a value, an exception to raise, or a function of
        the parameters; each call of one is kept in `calls`."""
        self.answers = dict(answers or {})
        self.calls: list[tuple[str, Any]] = []
        self.puts: list[Any] = []
        self.events: list[tuple[str, str, dict[str, Any]]] = []
        self.items: dict[str, dict[str, Any]] = {}
        self.results: dict[str, dict[str, Any]] = {}
        self.subscribers: list[Any] = []
        self._changed = asyncio.Condition()
        handlers = {
            "context.put": self._put,
            "context.get": self._get,
            "result.get": self._get_result,
            "plugin.list": self._list,
            "event.subscribe": self._subscribe,
            "event.unsubscribe": self._unsubscribe,
            "plugin.call": self._call,
            "daemon.stop": self._call,
            **{name: self._answering(name) for name in self.answers},
            **options.pop("handlers", {}),
        }
        routes = {
            name: Route(handler, METHODS[name].params, METHODS[name].grant)
            for name, handler in handlers.items()
        }
        options.setdefault("settings", {})
        self.hosts = PluginHosts(
            Dispatcher(routes), search, state / "plugins.json", publish=self._publish, **options
        )

    async def _put(self, params: Any, call: Call) -> dict[str, Any]:
        self.puts.append(params)
        await self._tell()
        return {"id": str(len(self.puts)), "accepted": True, "reason": None}

    async def _get(self, params: Any, call: Call) -> dict[str, Any]:
        if params.id not in self.items:
            raise NotFound(f"no item {params.id!r}")
        return self.items[params.id]

    async def _get_result(self, params: Any, call: Call) -> dict[str, Any]:
        if params.id not in self.results:
            raise NotFound(f"no result {params.id!r}")
        return self.results[params.id]

    async def _list(self, params: Any, call: Call) -> list[PluginInfo]:
        return self.hosts.list()

    async def _subscribe(self, params: Any, call: Call) -> dict[str, Any]:
        self.subscribers.append(call.caller)
        call.caller.on_close(lambda: self._drop(call.caller))
        await self._tell()
        return {"topics": params.topics}

    async def _unsubscribe(self, params: Any, call: Call) -> dict[str, Any]:
        self._drop(call.caller)
        return {"topics": []}

    def _drop(self, caller: Any) -> None:
        self.subscribers = [each for each in self.subscribers if each is not caller]

    async def _call(self, params: Any, call: Call) -> Any:
        return await self.hosts.call(params.plugin, params.command, params.args)

    def _answering(self, method: str) -> Callable[[Any, Call], Any]:
        async def answer(params: Any, call: Call) -> Any:
            self.calls.append((method, msgspec.to_builtins(params)))
            await self._tell()
            given = self.answers[method]
            given = given(params) if callable(given) else given
            given = await given if inspect.isawaitable(given) else given
            if isinstance(given, Exception):
                raise given
            return given

        return answer

    def emit(self, topic: str, name: str, data: dict[str, Any]) -> None:
        """Have an event happen."""
        for caller in self.subscribers:
            caller.offer(codes.EVENT, {"topic": topic, "name": name, "data": data})

    def _publish(self, topic: str, name: str, data: dict[str, Any]) -> None:
        self.events.append((topic, name, data))
        self._task = asyncio.ensure_future(self._tell())

    async def _tell(self) -> None:
        async with self._changed:
            self._changed.notify_all()

    async def until(self, is_so: Callable[[], bool], within_s: float = PATIENCE_S) -> None:
        """Wait until it is so, looked at whenever something happened. Raises `TimeoutError`."""
        async with asyncio.timeout(within_s), self._changed:
            await self._changed.wait_for(is_so)

    def info(self, name: str) -> PluginInfo:
        return next(info for info in self.hosts.list() if info.name == name)

    def reasons(self, name: str) -> list[str]:
        """Every reason that was ever told for a plugin."""
        return [data["reason"] or "" for _, _, data in self.events if data["name"] == name]

    async def until_state(self, name: str, state: str, reason: str = "") -> PluginInfo:
        """Wait for a state whose reason has `reason` in it."""

        def is_so() -> bool:
            info = self.info(name)
            return info.state is PluginState(state) and reason in (info.reason or "")

        try:
            await self.until(is_so)
        except TimeoutError:
            raise AssertionError(f"{name} is {self.info(name)}, not {state}: {reason}") from None
        return self.info(name)


@asynccontextmanager
async def plugin_daemon(
    search: list[tuple[str, Path]], state: Path, **options: Any
) -> AsyncIterator[PluginDaemon]:
    """Run it for as long as the block; then every host process has ended."""
    daemon = PluginDaemon(search, state, **options)
    life = asyncio.ensure_future(daemon.hosts.run())
    try:
        yield daemon
    finally:
        life.cancel()
        await asyncio.wait([life])
        if not life.cancelled() and (error := life.exception()):
            raise error
