"""tray: an icon that tells the daemon's state, and a menu that is there at once.

Events say that something has changed; then the daemon is asked once, and a menu is built that
waits in the panel. Opening it asks nobody. What is pressed comes from the GLib thread, is done on
the loop, and never holds up either.
"""

import asyncio
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from ingle.sdk import Event, Ingle, IngleError, NotFound, Plugin, Unavailable, command, glib, viewer

from . import actions, drawing, hosts, menu, papers, wording
from .icon import TrayIcon
from .menu import Action
from .snapshot import Snapshot, state_of
from .taming import NoIcon

TOPICS = ("engine", "plugin", "skill")
REST_S = 0.1
"""After each look: a burst of events costs one more look at its end, not one each."""
SETTLES_S = 0.3
"""After work begins or ends: what is over sooner does not make the icon flicker."""
AGAIN_S = 0.5
"""After a panel has come: long enough for libayatana's slip, which takes 100 ms."""
RETRY_S = 5.0
"""To make an icon, after a display that was not ready for it."""
NO_TRAY = (
    "this desktop shows no tray icons (GNOME does with the extension AppIndicator); "
    "the popup and `ingle` have all that is in the menu"
)


class Tray(Plugin):
    """Hears, looks, shows; and does what is pressed."""

    def __init__(self) -> None:
        self._now = Snapshot()
        self._wake = asyncio.Event()
        self._stale = {"status", "models", "results"}
        self._icon: TrayIcon | None = None
        self._group: asyncio.TaskGroup | None = None
        self._is_active = False
        self._settling: asyncio.TimerHandle | None = None
        self._registering: asyncio.TimerHandle | None = None

    async def run(self, ingle: Ingle) -> None:
        self._ingle, self._loop = ingle, asyncio.get_running_loop()
        try:
            async with hosts.watched(self._take_hosts) as there, asyncio.TaskGroup() as group:
                self._hosts, self._group = there, group
                group.create_task(self._hear())
                await self._make_icon()
                await ingle.call("event.subscribe", {"topics": list(TOPICS)})  # heard from here on
                await self._keep_showing()
        finally:
            self._group = None
            for timer in (self._settling, self._registering):
                if timer is not None:
                    timer.cancel()
            papers.forget()
            if self._icon is not None:
                await glib.call(self._icon.close)

    async def _make_icon(self) -> None:
        ink = self._ingle.settings.colours
        theme = _theme() / ink
        while self._icon is None:
            try:
                await asyncio.to_thread(drawing.provide, theme, ink)
                self._icon = await glib.call(TrayIcon, theme, self._press)
            except (NoIcon, Unavailable, OSError) as reason:
                self._ingle.waiting(f"no icon can be made: {reason}")
                await asyncio.sleep(RETRY_S)

    # ---- hearing

    def _take_hosts(self) -> None:
        self._wake.set()
        if self._registering is not None:
            self._registering.cancel()
        self._registering = self._loop.call_later(AGAIN_S, self._register_again)

    def _register_again(self) -> None:
        if self._icon is not None:
            glib.call_soon(self._icon.register_again)

    async def _hear(self) -> None:
        async for event in self._ingle.events(*TOPICS):
            self._take(event)

    def _take(self, event: Event) -> None:
        match event.topic, event.name:
            case "engine", "loading":
                self._now = replace(self._now, status=_with_progress(self._now, event.data))
                self._wake.set()
            case "engine", "activity":
                self._take_activity(bool(event.data.get("busy")))
            case "engine", _:
                self._look_at("status", "models")
            case "plugin", _:
                self._look_at("status")
            case "skill", name if name.startswith(("result.", "summary.ready")):
                self._look_at("results")

    def _take_activity(self, is_busy: bool) -> None:
        """Looked at a little later: one short request after the other is work, one alone is none."""
        self._is_active = is_busy
        if self._settling is None and is_busy != self._now.is_busy:
            self._settling = self._loop.call_later(SETTLES_S, self._settle)

    def _settle(self) -> None:
        self._settling = None
        self._now = replace(self._now, is_busy=self._is_active)
        self._wake.set()

    def _look_at(self, *what: str) -> None:
        self._stale.update(what)
        self._wake.set()

    # ---- showing

    async def _keep_showing(self) -> None:
        self._wake.set()
        while True:
            await self._wake.wait()
            self._wake.clear()
            await self._look()
            await self._show()
            await asyncio.sleep(REST_S)

    async def _look(self) -> None:
        """Ask for what has changed; where that fails, what was known is kept."""
        stale, self._stale = self._stale, set()
        if "status" in stale:
            self._now = replace(self._now, status=await self._asked("daemon.status", self._now.status))
            self._take_activity(self._now.waiting > 0)
        if "models" in stale:
            self._now = replace(self._now, models=await self._asked("model.list", self._now.models))
        if "results" in stale:
            limit = self._ingle.settings.results
            known = await self._asked("result.list", (), limit=limit) if limit else ()
            self._now = replace(self._now, results=known)

    async def _asked(self, method: str, otherwise: Any, **params: Any) -> Any:
        try:
            return await self._ingle.call(method, params)
        except IngleError as error:
            self._ingle.log.warning("%s: %s", method, error.message)
            return otherwise

    async def _show(self) -> None:
        assert self._icon is not None
        state, ink = state_of(self._now), self._ingle.settings.colours
        name, title = drawing.name_of(state, ink), wording.title(self._now)
        await glib.call(self._icon.show, name, title, menu.tree(self._now))
        if self._hosts:
            self._ingle.running()
        else:
            self._ingle.waiting(NO_TRAY)

    # ---- pressing

    def _press(self, action: Action) -> None:
        """In the GLib thread."""
        self._loop.call_soon_threadsafe(self._begin, action)

    def _begin(self, action: Action) -> None:
        if self._group is not None:
            self._group.create_task(self._do(action))

    async def _do(self, action: Action) -> None:
        self._now = replace(self._now, trouble="")
        with self._telling_trouble():
            await actions.do(self._ingle, action)
        self._look_at("status", "models", "results")

    @contextmanager
    def _telling_trouble(self) -> Iterator[None]:
        try:
            yield
        except IngleError as error:
            self._tell(f"{error.message}: {error.hint}" if error.hint else error.message)
        except (actions.Refused, viewer.CannotOpen) as reason:
            self._tell(str(reason))

    def _tell(self, trouble: str) -> None:
        """In the menu, and as a notification, as the menu has closed."""
        self._now = replace(self._now, trouble=f"That did not work: {trouble}")
        if self._group is not None:
            self._group.create_task(self._notify(trouble))

    async def _notify(self, trouble: str) -> None:
        with suppress(IngleError):  # there may be none; the menu has it
            await self._ingle.call_plugin(
                "notify", "say", title="That did not work", text=trouble, key="tray"
            )

    # ---- commands

    @command
    async def menu(self) -> list[dict[str, Any]]:
        """The menu as it would open now."""
        return menu.as_json(menu.tree(self._now))

    @command
    async def press(self, labels: list[str]) -> None:
        """Do what a line does; `labels` lead to it from the outermost menu inwards."""
        entry = menu.find(menu.tree(self._now), labels)
        if entry is None or entry.action is None:
            raise NotFound(f"there is nothing to press at {' / '.join(labels)[:100]!r}")
        await actions.do(self._ingle, entry.action)
        self._look_at("status", "models", "results")


def _with_progress(snapshot: Snapshot, data: dict[str, Any]) -> dict[str, Any]:
    """Loading in steps of 5 %, so that the menu is not written anew ten times a second."""
    engine, share = dict(snapshot.engine), data.get("progress")
    if data.get("model") in (engine.get("model"), engine.get("next")) and isinstance(share, float):
        engine["progress"] = round(share * 20) / 20
    return {**snapshot.status, "engine": engine}


def _theme() -> Path:
    """An icon theme in the runtime directory: it lies in memory and goes with the session."""
    base = os.environ.get("XDG_RUNTIME_DIR") or os.environ.get("TMPDIR") or "/tmp"  # noqa: S108
    return Path(base) / "ingle" / "icons"
