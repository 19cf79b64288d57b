"""What `make run` ends with: a real text is copied, and the resident model summarises it.

Everything shown is what a person's own copy would cause: xclip puts the text on the clipboard,
the clipboard plugin meets it there, the daemon tells by events what it makes of it, and the
session bus tells whether a notification was shown. Exit codes: 0, 1 with a reason, 130.
"""

import asyncio
import os
import shutil
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import clipboard
import preparing
from notifications import NotificationWatch
from telling import Telling

from ingle.client import AsyncIngle, Event
from ingle.errors import IngleError
from ingle.paths import Paths
from ingle.vocabulary import EngineState, PluginState
from ingle.wire.calls.daemon import EngineStatus, StatusResult

TEXT = Path(__file__).resolve().parent / "text.txt"
PLUGINS = ("clipboard", "files", "notify")
BIN = Path(sys.executable).parent

LOAD_S, PLUGIN_S, SUMMARY_S, NOTIFICATION_S = 120.0, 20.0, 300.0, 5.0
"""Bounds of each wait: a loaded two-core machine needs a tenth of them."""


class DemoFailed(Exception):
    """The demo cannot go on; message and next step are for a person."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message, self.hint = message, hint


class Demo:
    """One run, over one connection to the daemon."""

    def __init__(self, ingle: AsyncIngle, telling: Telling) -> None:
        self._ingle, self._tell = ingle, telling

    async def run(self) -> None:
        """Raises `DemoFailed`, `IngleError`."""
        heard = self._ingle.events("engine", "context", "skill", "plugin")
        await self._ingle.call("event.subscribe", topics=["engine", "context", "skill", "plugin"])
        await self._model(heard)
        can_copy = await self._plugins(heard)
        async with NotificationWatch() as watch:
            with clipboard.kept() as regret:
                if regret:
                    self._tell.line("clipboard", regret)
                started = time.monotonic()
                await self._hand_over(can_copy)
                await self._summary(heard, started)
            await self._notification(watch, started)
        self._tell.how_to_go_on(_ingle_command())

    # ---- the model

    async def _model(self, heard: AsyncIterator[Event]) -> None:
        status = await self._ingle.status()
        engine = status.engine
        if engine.state != EngineState.READY:
            self._tell.line("model", "loading")
            engine = await self._loaded(heard)
        self._tell.line("model", _in_words(engine))
        for warning in status.warnings:
            self._tell.line("warning", warning)

    async def _loaded(self, heard: AsyncIterator[Event]) -> EngineStatus:
        try:
            async with asyncio.timeout(LOAD_S):
                status = await self._ingle.status()
                while status.engine.state in {
                    EngineState.STARTING,
                    EngineState.LOADING,
                    EngineState.ABSENT,
                }:
                    if status.engine.state == EngineState.ABSENT and status.engine.reason:
                        break
                    await self._next(heard, "engine")
                    status = await self._ingle.status()
        except TimeoutError:
            raise DemoFailed("the model was not loaded in time", _see("log")) from None
        if status.engine.state != EngineState.READY:
            raise DemoFailed(f"no model: {_reason(status)}", _see("doctor"))
        return status.engine

    # ---- the plugins

    async def _plugins(self, heard: AsyncIterator[Event]) -> bool:
        """Enable and await them; whether a copied text will be noticed."""
        known = {plugin["name"]: plugin for plugin in await self._ingle.call("plugin.list")}
        wanted = [name for name in PLUGINS if name in known]
        fresh = [name for name in wanted if known[name]["state"] == PluginState.DISABLED]
        for name in wanted:
            if known[name]["state"] != PluginState.RUNNING:
                await self._ingle.call("plugin.enable", name=name)
        states = await self._settled(heard, wanted)
        for name in wanted:
            row = states[name]
            words = [f"{row['state']}: {row['reason']}" if row.get("reason") else row["state"]]
            if name in fresh:
                words.append(f"newly allowed: {', '.join(row['grants'])}")
            self._tell.line(f"plugin {name}", "; ".join(words))
        if fresh:
            self._tell.line("", f"`{_ingle_command()} plugin disable NAME` takes that back")
        if states.get("clipboard", {}).get("state") != PluginState.RUNNING:
            return False
        await self._ingle.call("plugin.call", plugin="clipboard", command="is_watching")
        return True

    async def _settled(self, heard: AsyncIterator[Event], names: list[str]) -> dict[str, dict[str, Any]]:
        """The plugins when none of them is just starting."""
        deadline = asyncio.get_running_loop().time() + PLUGIN_S
        while True:
            rows = {row["name"]: row for row in await self._ingle.call("plugin.list")}
            if all(_has_settled(rows[name]) for name in names):
                return rows
            try:
                async with asyncio.timeout_at(deadline):
                    await self._next(heard, "plugin")
            except TimeoutError:
                return rows

    # ---- the text and its summary

    async def _hand_over(self, can_copy: bool) -> None:
        """Copy the text; where that cannot be, give it to the daemon as the plugin would."""
        text = TEXT.read_text(encoding="utf-8")
        words = len(text.split())
        self._tell.line()
        reason = "the clipboard plugin does not run"
        if can_copy:
            try:
                clipboard.copy(clipboard.as_news(text))
            except clipboard.NoClipboard as error:
                reason = str(error)
            else:
                self._tell.line("copy", f"a text of {words} words ({TEXT.name}) is on the clipboard")
                return
        self._tell.line("no copy", f"{reason}; a text of {words} words ({TEXT.name}) is handed over")
        await self._ingle.call("context.put", kind="clipboard", text=text, origin="make run")

    async def _summary(self, heard: AsyncIterator[Event], started: float) -> None:
        item = ""
        try:
            async with asyncio.timeout(SUMMARY_S):
                while True:
                    event = await self._next(heard, "context", "skill")
                    data = event.data
                    if event.name == "item.added" and data["item"]["kind"] == "clipboard":
                        item = data["item"]["id"]
                        self._tell.at(started, f"the daemon has it: {data['item']['chars']} characters")
                    elif data.get("item") != item:
                        continue
                    elif event.name == "summary.delta":
                        self._tell.stream(data["text"], started)
                    elif event.name == "summary.ready":
                        self._tell.summary(data, started)
                        return
                    elif event.name == "summary.failed":
                        raise DemoFailed(f"no summary: {data['reason']}", _see("doctor"))
        except TimeoutError:
            what = "summarised" if item else "noticed by the clipboard plugin"
            raise DemoFailed(f"the text was not {what} in time", _see("log")) from None

    async def _notification(self, watch: NotificationWatch, started: float) -> None:
        shown = await watch.shown(NOTIFICATION_S)
        if shown is not None:
            after = shown - (time.time() - (time.monotonic() - started))
            self._tell.after(after, "shown as a desktop notification (the session bus says so)")
        elif watch.can_hear:
            self._tell.line("notification", "none: nothing on the session bus accepted one")
        else:
            self._tell.line("notification", "none: there is no session bus")

    async def _next(self, heard: AsyncIterator[Event], *topics: str) -> Event:
        async for event in heard:
            if event.topic in topics:
                return event
        raise DemoFailed("the daemon ended", _see("log"))


def _has_settled(plugin: dict[str, Any]) -> bool:
    return plugin["state"] != PluginState.WAITING or plugin.get("reason") != "starting"


def _in_words(engine: EngineStatus) -> str:
    parts = [
        engine.model or "",
        f"({engine.tier})" if engine.tier else "",
        f"on {engine.device or 'CPU'}",
    ]
    return f"{' '.join(part for part in parts if part)}, resident in process {engine.pid}"


def _reason(status: StatusResult) -> str:
    return status.engine.reason or status.engine.state


def _ingle_command() -> str:
    found = shutil.which("ingle")
    if found and Path(found).resolve() == (BIN / "ingle").resolve():
        return "ingle"
    return os.path.relpath(BIN / "ingle")


def _see(command: str) -> str:
    return f"`{_ingle_command()} {command}` shows why"


async def _run(prepared: preparing.Prepared, telling: Telling) -> None:
    async with AsyncIngle(prepared.socket_path) as ingle:
        telling.line("display", prepared.display)
        telling.line("daemon", f"{prepared.daemon}, process {(await ingle.status()).pid}")
        await Demo(ingle, telling).run()


def main() -> int:
    telling = Telling()
    telling.line()
    try:
        asyncio.run(_run(preparing.prepare(Paths.from_environment()), telling))
    except KeyboardInterrupt:
        telling.failed("stopped; the daemon goes on", f"`{_ingle_command()} stop` ends it")
        return 130
    except (DemoFailed, IngleError) as error:
        telling.failed(error.message, error.hint)
        return 1
    except BrokenPipeError:  # `make run | head`: the reader has enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as error:  # noqa: BLE001 - the barrier: a person gets a sentence, never a traceback
        telling.failed(f"a mistake in the demo: {error!r}", "please report it")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
