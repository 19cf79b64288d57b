"""The composition root: builds the graph of objects, runs it, takes it down. No logic of its own.

Only this module knows concrete classes; everything below gets what it needs through its
constructor. The socket answers before the model is loaded; on the way down requests in flight
end with an error first, then the children go, then the connections.
"""

import asyncio
import logging
import socket
from collections.abc import Mapping

import msgspec

from ingle import __version__, config
from ingle.assistant.assistant import Assistant
from ingle.assistant.digest import Digest
from ingle.assistant.skills import SkillSet
from ingle.config import Config
from ingle.context import retention
from ingle.context.items import Memory
from ingle.context.results import Results
from ingle.engine.admission import Admission
from ingle.engine.client import EngineClient
from ingle.engine.embedding import Embedder
from ingle.engine.gpu_watch import GpuWatch
from ingle.engine.supervisor import Ears, Supervisor
from ingle.errors import BadModelFile, EngineUnavailable, IngleError, ModelNotFound
from ingle.models.catalog import EMBEDDED
from ingle.models.library import Library
from ingle.paths import Paths
from ingle.plughost.discovery import search_path
from ingle.plughost.plughost import PluginHosts
from ingle.rpc.dispatcher import Dispatcher, Route
from ingle.server import methods, systemd
from ingle.server.aside import Aside
from ingle.server.events import EventHub
from ingle.server.listener import Listener
from ingle.server.methods import (
    assistant,
    context,
    daemon,
    desktop,
    engine,
    event,
    model,
    plugin,
    result,
)
from ingle.server.overview import Overview
from ingle.wire.calls.daemon import EngineStatus, ReloadResult
from ingle.wire.calls.plugin import PluginInfo

log = logging.getLogger(__name__)

LIVE_SECTIONS = frozenset({"daemon", "context", "skills", "plugins"})
"""Sections that a reload applies at once; the others are read at the next start."""
DRAIN_S = 0.5
"""For the last error frames to be written; stopping may take 3 s in all."""


class App:
    """The daemon as an object graph; also the switches that `daemon.*` offers."""

    def __init__(
        self, paths: Paths, settings: Config, server: socket.socket, *, hosts_desktop: bool = True
    ) -> None:
        self._paths, self._config = paths, settings
        self._stop = asyncio.Event()
        self._hub = EventHub()
        self._library = Library(paths.models)
        self._supervisor = Supervisor(
            settings.engine, Ears(self._tell_engine, self._tell_loading), snapshots=paths.prefixes
        )
        self._admission = Admission(settings.engine.queue, self._tell_activity)
        self._engine = EngineClient(self._supervisor, self._admission)
        keep = (settings.context.keep_items, settings.context.keep_minutes * 60.0)
        self._memory, self._results = Memory(*keep), Results(*keep, self._hub.publish)
        skills = SkillSet.load(paths.skills)
        self._assistant = Assistant(
            self._engine, self._library, self._memory, skills, settings.skills.allow_weak
        )
        self._digest = Digest(self._assistant, self._results, self._hub.publish, settings.context)
        self._context = context.ContextMethods(
            self._memory, self._results, self._digest, self._hub.publish, settings.context
        )
        routes: dict[str, Route] = {}
        table = Dispatcher(routes)
        self._plugins = PluginHosts(
            table, search_path(paths), paths.approvals, settings.plugins, self._hub.publish,
            hosts_desktop=hosts_desktop,
        )  # fmt: skip
        self._aside = Aside(
            self._supervisor,
            background=[self._digest, self._admission],
            watching=[self._context, self._plugins],
            on_change=self._tell_overview,
        )
        self._gpus = GpuWatch()
        self._overview = Overview(
            [self._supervisor, self._gpus, self._plugins], self._aside, self._hub.publish
        )
        embedder = Embedder(self._engine, self._library, settings.model.embedder)
        routes |= methods.routes(
            daemon.DaemonMethods(
                __version__, self, self._supervisor, self._engine, self._aside, self._overview
            ).handlers(),
            event.handlers(self._hub, __version__),
            assistant.handlers(self._assistant, self._memory, self._results),
            self._context.handlers(),
            result.handlers(self._results),
            model.handlers(
                self._library,
                self._supervisor,
                self._engine,
                self._assistant,
                settings.engine,
                self._aside.park,
            ),
            engine.handlers(self._engine, embedder, self._gpus, self._overview),
            plugin.handlers(self._plugins),
            desktop.handlers(self._plugins.places),
        )
        self._listener = Listener(server, table, settings.limits)

    # ---- life

    @property
    def is_stopping(self) -> bool:
        return self._stop.is_set()

    def stop(self) -> None:
        self._stop.set()

    async def run(self, environ: Mapping[str, str]) -> None:
        """Serve until `stop`; everything that was started has ended when it returns."""
        await self._choose_model()
        async with asyncio.TaskGroup() as group:
            listening = group.create_task(self._listener.run())
            systemd.notify(environ, "READY=1")
            tasks = [
                group.create_task(work)
                for work in (
                    systemd.feed_watchdog(environ),
                    self._supervisor.run(),
                    self._plugins.run(),
                    self._digest.run(),
                    retention.enforce(self._memory),
                    retention.enforce(self._results),
                )
            ]
            log.info("serving %s", self._paths.socket)
            await self._stop.wait()
            systemd.notify(environ, "STOPPING=1")
            await self._wind_down(listening, tasks)
        log.info("stopped")

    async def _wind_down(self, listening: asyncio.Task[None], tasks: list[asyncio.Task[None]]) -> None:
        self._listener.end_requests(EngineUnavailable("ingle is stopping", "`ingle serve` starts it"))
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
        try:
            async with asyncio.timeout(DRAIN_S):
                await self._listener.drained()
        except TimeoutError:
            log.warning("%d requests were dropped at the end", self._listener.in_flight)
        listening.cancel()

    async def _choose_model(self) -> None:
        chosen = await asyncio.to_thread(self._library.current)
        name = self._config.model.name or chosen or EMBEDDED
        try:
            await self._supervisor.use(await asyncio.to_thread(self._library.find, name))
        except (ModelNotFound, BadModelFile) as error:
            self._supervisor.missing(error)
        if twin := self._config.engine.twin:
            try:
                self._supervisor.stand_in(await asyncio.to_thread(self._library.find, twin))
            except (ModelNotFound, BadModelFile) as error:
                self._supervisor.no_stand_in(error)

    # ---- the switches of `daemon.*`

    def plugins(self) -> list[PluginInfo]:
        return self._plugins.list()

    def desktop(self) -> str | None:
        return self._plugins.places.session

    async def reload(self) -> ReloadResult:
        """Apply the configuration anew: all of what can be applied live, or nothing."""
        new = await asyncio.to_thread(config.load, self._paths.config_file)
        self._plugins.check(new.plugins)
        changed = [
            name
            for name in Config.__struct_fields__
            if getattr(new, name) != getattr(self._config, name)
        ]
        self._config = new
        logging.getLogger().setLevel(new.daemon.log_level.upper())
        self._context.config = self._digest.config = new.context
        for shelf in (self._memory, self._results):
            shelf.keep_items, shelf.keep_s = new.context.keep_items, new.context.keep_minutes * 60.0
        self._assistant.allow_weak = new.skills.allow_weak
        self._assistant.skills = SkillSet.load(self._paths.skills)
        await self._plugins.configure(new.plugins)
        self._tell_overview()  # a warning may be gone
        return ReloadResult(
            changed=changed, restart_needed=[name for name in changed if name not in LIVE_SECTIONS]
        )

    async def reload_from_signal(self) -> None:
        """SIGHUP has nobody to tell: the outcome goes to the log."""
        try:
            result = await self.reload()
            log.info("reloaded; changed: %s", ", ".join(result.changed) or "nothing")
        except IngleError as error:
            log.warning("not reloaded: %s", error.message)

    def _tell_engine(self, status: EngineStatus) -> None:
        self._hub.publish("engine", "state", msgspec.to_builtins(status))
        self._gpus.hear(status)
        self._aside.hear(status)
        self._overview.hear(status)

    def _tell_overview(self) -> None:
        self._overview.tell()

    def _tell_loading(self, model: str, share: float) -> None:
        self._hub.publish("engine", "loading", {"model": model, "progress": share})

    def _tell_activity(self, is_busy: bool) -> None:
        self._hub.publish("engine", "activity", {"busy": is_busy})
