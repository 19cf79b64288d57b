"""The tray plugin in memory (`ingle.sdk.testing`): what it asks for, and what presses call.

The icon and the panels are fakes here; `tests/desktop/test_tray.py` has the real ones.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, ClassVar

import pytest

from fakes.tray_plugin import FOLDER, Tray, module
from ingle.errors import Busy, NotFound, PluginFailed
from ingle.sdk.testing import FakeIngle, running

plugin, menu = module("plugin"), module("menu")

STATUS = {
    "state": "ready",
    "engine": {"state": "ready", "model": "tiny", "rss_bytes": 0},
    "plugins": [{"name": name, "state": "running"} for name in ("clipboard", "popup", "selection")],
}


class FakeIcon:
    """In the place of `TrayIcon`: keeps what it was to show."""

    made: ClassVar[list["FakeIcon"]] = []
    changed: ClassVar[asyncio.Event]
    loop: ClassVar[asyncio.AbstractEventLoop]

    def __init__(self, theme: Path, press: Callable[[Any], None]) -> None:
        self.press, self.shown, self.is_closed = press, list[tuple[str, str, Any]](), False
        FakeIcon.made.append(self)

    def show(self, name: str, title: str, tree: Any) -> None:
        self.shown.append((name, title, tree))
        FakeIcon.loop.call_soon_threadsafe(FakeIcon.changed.set)

    def close(self) -> None:
        self.is_closed = True


class FakeHosts:
    """In the place of `Hosts`: whether there is a panel is for the test to say."""

    is_there = True

    def __bool__(self) -> bool:
        return FakeHosts.is_there


@pytest.fixture(autouse=True)
async def fakes(monkeypatch: pytest.MonkeyPatch, private_dirs: Path) -> None:
    @asynccontextmanager
    async def watched(on_change: Callable[[], None]) -> AsyncIterator[FakeHosts]:
        yield FakeHosts()

    FakeIcon.made, FakeIcon.changed = [], asyncio.Event()
    FakeIcon.loop = asyncio.get_running_loop()
    monkeypatch.setattr(FakeHosts, "is_there", True)
    monkeypatch.setattr(plugin, "TrayIcon", FakeIcon)
    monkeypatch.setattr(plugin.hosts, "watched", watched)
    monkeypatch.setattr(plugin, "REST_S", 0)
    monkeypatch.setattr(plugin, "SETTLES_S", 0)


@asynccontextmanager
async def tray(**answers: Any) -> AsyncIterator[FakeIngle]:
    async with running(Tray, folder=FOLDER) as ingle:
        ingle.answers.update({"daemon.status": STATUS, "model.list": [], "result.list": [], **answers})
        yield ingle


async def until_shown(ingle: FakeIngle, is_so: Callable[[str, list[str]], bool]) -> None:
    """Wait for a picture and a menu."""

    def last_is_so() -> bool:
        if not FakeIcon.made or not FakeIcon.made[-1].shown:
            return False
        name, _, tree = FakeIcon.made[-1].shown[-1]
        return is_so(name, [each.label for each in tree])

    async with asyncio.timeout(10):
        while not last_is_so():
            FakeIcon.changed.clear()
            await FakeIcon.changed.wait()


def press(name: str, about: str = "") -> None:
    FakeIcon.made[-1].press(menu.Action(name, about))


async def test_it_listens_before_it_looks() -> None:
    """What happens between the two would be missed otherwise."""
    async with tray() as ingle:
        await ingle.next_call("daemon.status")
        methods = [method for method, _ in ingle.calls]
        assert methods.index("event.subscribe") < methods.index("daemon.status")


async def test_events_make_it_look_at_what_they_are_about() -> None:
    async with tray() as ingle:
        for method in ("daemon.status", "model.list", "result.list"):
            await ingle.next_call(method)
        await ingle.emit("skill", "result.ready", {"id": "1"})
        assert await ingle.next_call("result.list") == {"limit": 8}
        await ingle.emit("plugin", "state", {})
        await ingle.next_call("daemon.status")
        await ingle.emit("engine", "state", {})
        await ingle.next_call("model.list")


async def test_the_pieces_of_a_summary_cost_nothing() -> None:
    async with tray() as ingle:
        await until_shown(ingle, lambda name, _: name == "ingle-tray-ready")
        before = len(ingle.calls)
        await ingle.emit("skill", "summary.delta", {"text": "a"})
        await ingle.emit("plugin", "state", {})
        await ingle.until(lambda: len(ingle.calls) > before)
        assert [method for method, _ in ingle.calls[before:]] == ["daemon.status"]


async def test_loading_is_told_in_large_steps() -> None:
    loading = {**STATUS, "engine": {"state": "loading", "model": "tiny", "progress": 0.0}}
    async with tray(**{"daemon.status": loading}) as ingle:
        await until_shown(ingle, lambda _, labels: "Tiny: loading, 0%" in labels)
        await ingle.emit("engine", "loading", {"model": "tiny", "progress": 0.33})
        await until_shown(ingle, lambda _, labels: "Tiny: loading, 35%" in labels)


async def test_work_that_has_begun_and_ended() -> None:
    async with tray() as ingle:
        await ingle.emit("engine", "activity", {"busy": True})
        await until_shown(
            ingle, lambda name, labels: name == "ingle-tray-busy" and "at work" in labels[0]
        )
        await ingle.emit("engine", "activity", {"busy": False})
        await until_shown(ingle, lambda name, _: name == "ingle-tray-ready")


async def test_without_a_panel_it_waits_and_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(FakeHosts, "is_there", False)
    async with tray() as ingle:
        await ingle.until(lambda: bool(ingle.states))
        [(state, reason)] = ingle.states
        assert state == "waiting"
        assert reason == plugin.NO_TRAY


async def test_the_icon_goes_with_the_plugin() -> None:
    async with tray() as ingle:
        await until_shown(ingle, lambda *_: True)
    assert FakeIcon.made[-1].is_closed


@pytest.mark.parametrize(
    ("action", "method", "params"),
    [
        (("pause", ""), "daemon.pause", {}),
        (("resume", ""), "daemon.resume", {}),
        (("quit", ""), "daemon.stop", {}),
        (("model", "m"), "model.use", {"name": "m"}),
        (("enable", "p"), "plugin.enable", {"name": "p"}),
        (("disable", "p"), "plugin.disable", {"name": "p"}),
        (("ask", ""), "plugin.call", {"plugin": "popup", "command": "show", "args": {}}),
        (("result", "r"), "plugin.call", {"plugin": "popup", "command": "show_result", "args": {"id": "r"}}),
    ],
)  # fmt: skip
async def test_a_press_is_a_call(action: tuple[str, str], method: str, params: Any) -> None:
    async with tray() as ingle:
        await until_shown(ingle, lambda *_: True)
        press(*action)
        assert await ingle.next_call(method) == params


@pytest.mark.parametrize(
    ("action", "answer", "told"),
    [
        ("summarise", {"accepted": False, "reason": "paused"}, "the clipboard was not taken: paused"),
        ("undo", {"undone": False, "reason": "it was changed since"}, "it was changed since"),
        ("ask", PluginFailed("plugin popup is off", "enable it"), "plugin popup is off: enable it"),
        ("ask", Busy("busy", ""), "That did not work: busy"),
    ],
)
async def test_what_was_refused_is_told_in_the_menu_and_as_a_notification(
    action: str, answer: Any, told: str
) -> None:
    def answered(params: Any) -> Any:
        return {} if params["plugin"] == "notify" else answer

    async with tray(**{"plugin.call": lambda params: _raise_or_give(answered(params))}) as ingle:
        await until_shown(ingle, lambda *_: True)
        press(action)
        await until_shown(ingle, lambda _, labels: any(told in label for label in labels))
        await ingle.next_call("plugin.call")
        said = await ingle.next_call("plugin.call")
        assert (said["plugin"], said["args"]["key"]) == ("notify", "tray")


def _raise_or_give(answer: Any) -> Any:
    if isinstance(answer, Exception):
        raise answer
    return answer


async def test_the_commands_read_and_press_the_menu() -> None:
    async with tray() as ingle:
        await until_shown(ingle, lambda *_: True)
        assert "Pause" in [line["label"] for line in await ingle.command("menu")]
        await ingle.command("press", labels=["Pause"])
        assert await ingle.next_call("daemon.pause") == {}
        with pytest.raises(NotFound):
            await ingle.command("press", labels=["Model", "None is here: `ingle model pull` gets one"])
