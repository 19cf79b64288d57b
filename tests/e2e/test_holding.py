"""What is held back with a real daemon: the model, background work, and who may bring them back."""

import pytest

from fakes.running import RunningDaemon
from ingle.client import Ingle
from ingle.errors import InvalidParams, Paused

pytestmark = pytest.mark.engine

LONG = "The harbour was quiet that evening, and nobody spoke of the storm. " * 20


def engine_states(events, last: str) -> list[str]:  # type: ignore[no-untyped-def]
    """The engine's states up to `last`."""
    found: list[str] = []
    for event in events:
        if event.name == "state":
            found.append(event.data["state"])
        if found[-1:] == [last]:
            return found
    raise AssertionError("the daemon hung up")


def test_a_hold_ends_with_its_connection(running: RunningDaemon, client: Ingle) -> None:
    client.tokenize("wait for the model")
    with running.client() as listener:
        events = listener.events("engine")
        with running.client() as holder:
            holder.call("daemon.hold", what="model", reason="game")
            status = client.status()
            assert (status.state, status.reason, status.held) == ("aside", "game", "game")
            assert (status.engine.state, status.engine.pid) == ("parked", None)
            assert status.holds[0].by.startswith("pid ")
            with pytest.raises(Paused, match="game"):
                client.generate("hello", max_tokens=2)
        engine_states(events, "ready")
    assert client.generate("hello", max_tokens=2)
    assert client.status().holds == []


def test_the_first_request_ends_what_only_fades(client: Ingle) -> None:
    client.tokenize("wait for the model")
    client.call("daemon.hold", what="model", reason="suspend")
    client.call("daemon.release", what="model", reason="suspend", after_s=3600)
    status = client.status()
    assert (status.state, status.engine.pid) == ("ready", None)
    assert status.engine.reason == "suspend is over; the next request loads it"
    assert client.generate("hello", max_tokens=2)
    status = client.status()
    assert (status.engine.state, status.holds, status.held) == ("ready", [], None)


def test_every_change_of_the_whole_is_an_event(running: RunningDaemon, client: Ingle) -> None:
    client.tokenize("wait for the model")
    with running.client() as listener:
        events = (event.data for event in listener.events("engine") if event.name == "daemon.state")
        client.call("daemon.hold", what="background", reason="on battery")
        assert next(events) == {"state": "ready", "reason": "", "held": "on battery"}
        client.call("model.park", reason="a film")
        while (now := next(events))["state"] != "aside":
            pass
        assert now == {"state": "aside", "reason": "a film", "held": "on battery, a film"}
        client.call("daemon.resume")
        while (now := next(events)) != {"state": "ready", "reason": "", "held": None}:
            assert now["state"] in ("starting", "ready")


def test_what_waits_is_summarised_when_the_hold_is_over(running: RunningDaemon, client: Ingle) -> None:
    with running.client() as listener:
        events = listener.events("skill")
        client.call("daemon.hold", what="background", reason="on battery")
        first = client.call("context.put", kind="clipboard", text=LONG)["id"]
        asked = client.call("context.put", kind="clipboard", text=f"{LONG} Yes.", summarize=True)["id"]
        ready = (event.data["item"] for event in events if event.name == "summary.ready")
        assert next(ready) == asked
        assert client.call("context.get", id=first)["summary"] is None
        with pytest.raises(Paused, match="on battery"):
            client.call("assistant.generate", prompt="hello", max_tokens=2, priority="background")
        client.call("daemon.release", what="background", reason="on battery")
        assert next(ready) == first


def test_a_reason_is_short_and_is_given(client: Ingle) -> None:
    for reason in ("", "x" * 101):
        with pytest.raises(InvalidParams):
            client.call("daemon.hold", what="model", reason=reason)
    with pytest.raises(InvalidParams, match="what"):
        client.call("daemon.hold", what="everything", reason="game")
    assert client.call("engine.verify") == {"missing": None}
