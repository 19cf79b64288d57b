"""What `ingle doctor` says of the chords."""

import os
import sys
from typing import Any

import msgspec
import pytest

from fakes.daemon import PLUGIN, STATUS, FakeDaemon
from ingle.cli.checkup import hotkey
from ingle.cli.output import Output
from ingle.cli.session import Session
from ingle.errors import PluginFailed
from ingle.plughost.approvals import Approval, Approvals
from ingle.vocabulary import PluginState

CHORD = {
    "chord": "Ctrl+Alt+Space", "action": "popup", "does": "Open Ingle", "backend": "x11",
    "state": "bound", "reason": None,
}  # fmt: skip


RUNNING = {"popup": PluginState.RUNNING}


def judged(states: Any = RUNNING, **changes: Any) -> tuple[str, str]:
    found = hotkey.judge({**CHORD, **changes}, states, {"rewrite"})
    return found.level, found.message


def test_a_chord_is_said_with_who_hears_it() -> None:
    assert judged() == ("ok", "Open Ingle; heard by key grabs of X11")
    assert judged(backend="portal", reason="the desktop has it on Meta+J") == (
        "ok", "Open Ingle; heard by the desktop's portal for shortcuts (the desktop has it on Meta+J)"
    )  # fmt: skip


def test_a_chord_that_is_taken_or_waits_is_worth_knowing() -> None:
    assert judged(state="taken", reason="another program has this chord") == (
        "warn", "Open Ingle: not bound (another program has this chord)"
    )  # fmt: skip
    assert judged(state="waiting", backend=None, reason="no portal")[0] == "warn"


def test_a_chord_for_a_plugin_that_is_off_is_worth_knowing() -> None:
    off = {"popup": PluginState.DISABLED}
    assert judged(off) == ("warn", "Open Ingle: plugin popup is off")
    assert judged(off, action="skill:rewrite")[0] == "warn"
    assert judged(off, action="pause") == ("ok", "Open Ingle; heard by key grabs of X11")
    assert judged({}, action="undo", does="Undo")[1] == "Undo: plugin selection is off"


def test_a_plugin_that_has_failed_is_not_called_off() -> None:
    assert judged({"popup": PluginState.FAILED})[1] == "Open Ingle: plugin popup has failed"


def test_a_chord_for_a_skill_that_is_not_there_is_worth_knowing() -> None:
    assert judged(action="skill:rewrite")[0] == "ok"
    assert judged(action="skill:nosuch", does="Run nosuch") == (
        "warn", "Run nosuch: there is no skill 'nosuch'; there are rewrite"
    )  # fmt: skip


@pytest.mark.parametrize(
    ("environ", "has_portal", "level", "said"),
    [
        ({"DISPLAY": ":0"}, False, "ok", "key grabs of X11 would"),
        ({"DISPLAY": ":0"}, True, "ok", "portal for shortcuts would"),
        ({"WAYLAND_DISPLAY": "wayland-0"}, True, "ok", "portal for shortcuts would"),
        ({"WAYLAND_DISPLAY": "wayland-0", "DISPLAY": ":0"}, False, "warn", "no portal"),
        ({}, False, "warn", "no display"),
    ],
)
def test_without_the_plugin_it_says_who_would_hear_them(
    monkeypatch: pytest.MonkeyPatch, environ: dict[str, str], has_portal: bool, level: str, said: str
) -> None:
    monkeypatch.setattr(hotkey, "_has_portal", lambda _: has_portal)
    found = hotkey.would_hear(environ)
    assert found.level == level
    assert said in found.message


def test_without_a_bus_there_is_no_portal() -> None:
    assert not hotkey._has_portal({})
    assert not hotkey._has_portal({"DBUS_SESSION_BUS_ADDRESS": "unix:path=/nonexistent/bus"})


def doctor() -> list[Any]:
    return list(hotkey.hotkey(Session(Output(sys.stdout, sys.stderr, {}), os.environ)))


def test_without_a_daemon_it_is_said_whether_it_is_on(
    paths: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "DBUS_SESSION_BUS_ADDRESS"):
        monkeypatch.delenv(name, raising=False)
    assert [found.message for found in doctor()] == ["off; there is no display"]
    approvals = Approvals(paths.approvals)
    approvals.put("hotkey", Approval(enabled=True, manifest_sha256="", grants=[]))
    assert [found.message for found in doctor()] == ["the daemon is not running; there is no display"]
    approvals.put("hotkey", Approval(enabled=False, manifest_sha256="", grants=[]))
    assert [found.message for found in doctor()] == ["off; there is no display"]


def test_the_running_plugin_is_asked_for_its_chords(paths: Any, daemon: FakeDaemon) -> None:
    hears = msgspec.structs.replace(PLUGIN, name="hotkey", state=PluginState.RUNNING)
    shows = msgspec.structs.replace(PLUGIN, name="popup", state=PluginState.RUNNING)
    daemon.answers["daemon.status"] = msgspec.structs.replace(STATUS, plugins=[hears, shows])
    daemon.answers["plugin.call"] = [CHORD, {**CHORD, "state": "taken", "reason": "it is taken"}]
    found = doctor()
    assert [each.level for each in found] == ["ok", "warn"]
    daemon.answers["plugin.call"] = PluginFailed("plugin hotkey is waiting")
    assert doctor() == []
    failed = msgspec.structs.replace(hears, state=PluginState.FAILED)
    daemon.answers["daemon.status"] = msgspec.structs.replace(STATUS, plugins=[failed, shows])
    assert doctor() == []
