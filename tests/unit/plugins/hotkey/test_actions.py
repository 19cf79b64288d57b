"""What the actions ask of the daemon and of other plugins, in memory."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from ingle.errors import InvalidParams, PluginFailed
from ingle.sdk.testing import FakeIngle, running
from unit.plugins.hotkey.parts import FOLDER, Hotkey


@pytest.fixture
async def ingle() -> AsyncIterator[FakeIngle]:
    """Without a chord nothing is listened to, and the commands are there."""
    async with running(Hotkey, {"popup": "", "bindings": []}, FOLDER) as fake:
        await fake.until(lambda: bool(fake.states))
        yield fake


def called(ingle: FakeIngle) -> list[tuple[str, str, dict[str, Any]]]:
    return [
        (params["plugin"], params["command"], params["args"])
        for method, params in ingle.calls
        if method == "plugin.call"
    ]


async def test_without_a_chord_it_waits_and_says_why(ingle: FakeIngle) -> None:
    [(state, reason)] = ingle.states
    assert state == "waiting"
    assert "no chord is set" in (reason or "")
    assert await ingle.command("bindings") == []


@pytest.mark.parametrize(
    ("action", "call"),
    [
        ("popup", ("popup", "show", {})),
        ("skill:rewrite", ("popup", "show", {"skill": "rewrite"})),
        ("summarize-clipboard", ("clipboard", "summarize_now", {})),
        ("undo", ("selection", "undo", {})),
    ],
)
async def test_an_action_is_a_command_of_another_plugin(
    ingle: FakeIngle, action: str, call: tuple[str, str, dict[str, Any]]
) -> None:
    await ingle.command("trigger", action=action)
    assert called(ingle) == [call]


@pytest.mark.parametrize(("state", "method"), [("ready", "daemon.pause"), ("paused", "daemon.resume")])
async def test_pause_is_a_switch(
    ingle: FakeIngle, monkeypatch: pytest.MonkeyPatch, state: str, method: str
) -> None:
    class Status:
        pass

    Status.state = state  # type: ignore[attr-defined]

    async def status() -> Any:
        return Status

    monkeypatch.setattr(ingle, "status", status)
    await ingle.command("trigger", action="pause")
    assert method in [each for each, _ in ingle.calls]
    assert called(ingle)[-1][:2] == ("notify", "say")


async def test_a_refusal_is_told(ingle: FakeIngle) -> None:
    ingle.answers["plugin.call"] = {"undone": False, "reason": "nothing was replaced"}
    await ingle.command("trigger", action="undo")
    assert called(ingle)[-1] == (
        "notify", "say", {"title": "Nothing undone", "text": "nothing was replaced", "key": "hotkey"}
    )  # fmt: skip


async def test_an_unknown_action_is_refused_by_name(ingle: FakeIngle) -> None:
    with pytest.raises(InvalidParams, match="unknown action 'dance'; known are popup"):
        await ingle.command("trigger", action="dance")


async def test_who_triggers_hears_what_failed(ingle: FakeIngle) -> None:
    ingle.answers["plugin.call"] = PluginFailed("plugin popup is disabled")
    with pytest.raises(PluginFailed):
        await ingle.command("trigger", action="popup")
