"""Events go to those who asked, until they leave."""

from collections.abc import Callable
from typing import Any

import pytest

from ingle.errors import InvalidParams
from ingle.server.events import TOPICS, EventHub


class Ear:
    """A caller in memory: what it was offered, and whether it takes it."""

    name, grants = "ear", None

    def __init__(self, takes: bool = True) -> None:
        self.heard: list[dict[str, Any]] = []
        self.takes = takes
        self.close: Callable[[], None] = lambda: None

    def on_close(self, callback: Callable[[], None]) -> None:
        self.close = callback

    async def notify(self, method: str, params: Any) -> None:
        raise AssertionError("publishing never waits")

    def offer(self, method: str, params: dict[str, Any]) -> bool:
        self.heard.append(params)
        return self.takes


def test_only_subscribed_topics_are_heard() -> None:
    hub, ear = EventHub(), Ear()
    assert hub.subscribe(ear, ["skill", "engine"]) == ["engine", "skill"]
    hub.publish("skill", "a", {"x": 1})
    hub.publish("plugin", "b", {})
    assert ear.heard == [{"topic": "skill", "name": "a", "data": {"x": 1}}]
    assert hub.unsubscribe(ear, ["skill"]) == ["engine"]
    hub.publish("skill", "c", {})
    assert len(ear.heard) == 1


def test_no_topic_means_all_of_them() -> None:
    hub, ear = EventHub(), Ear()
    assert hub.subscribe(ear, []) == sorted(TOPICS)
    assert hub.unsubscribe(ear, []) == []


def test_a_closed_connection_is_forgotten() -> None:
    hub, ear = EventHub(), Ear()
    hub.subscribe(ear, [])
    ear.close()
    hub.publish("skill", "a", {})
    assert ear.heard == []


def test_an_unknown_topic_is_refused_with_the_known_ones() -> None:
    with pytest.raises(InvalidParams, match="weather") as caught:
        EventHub().subscribe(Ear(), ["weather"])
    assert "skill" in caught.value.hint
