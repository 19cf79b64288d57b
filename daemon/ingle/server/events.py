"""Who wants to hear what: topics, subscribers, and no queue that can grow.

Publishing never waits. A subscriber whose unread bytes pass the limit is dropped: it asked to
hear everything and does not listen.
"""

import logging
from typing import Any, Protocol, get_args

from ingle.errors import InvalidParams
from ingle.rpc.dispatcher import Caller
from ingle.vocabulary import Topic
from ingle.wire import codes

log = logging.getLogger(__name__)

TOPICS: tuple[str, ...] = get_args(Topic)


class Listener(Caller, Protocol):
    """A caller that can be sent something without waiting."""

    def offer(self, method: str, params: dict[str, Any]) -> bool:
        """Send soon; False when the connection had to be dropped."""


class EventHub:
    """Fans events out to connections."""

    def __init__(self) -> None:
        self._topics_of: dict[Listener, set[str]] = {}

    def publish(self, topic: Topic, name: str, data: dict[str, Any]) -> None:
        """Send an event to all who subscribed to its topic."""
        event = {"topic": topic, "name": name, "data": data}
        for listener in [each for each, topics in self._topics_of.items() if topic in topics]:
            if not listener.offer(codes.EVENT, event):
                log.info("%s dropped: it does not read its events", listener.name)

    def subscribe(self, listener: Listener, topics: list[str]) -> list[str]:
        """Add topics (all, if none is named); gives all that it is subscribed to now."""
        if listener not in self._topics_of:
            self._topics_of[listener] = set()
            listener.on_close(lambda: self._forget(listener))
        self._topics_of[listener] |= _checked(topics)
        return sorted(self._topics_of[listener])

    def _forget(self, listener: Listener) -> None:
        self._topics_of.pop(listener, None)

    def unsubscribe(self, listener: Listener, topics: list[str]) -> list[str]:
        """Remove topics (all, if none is named); gives what is left."""
        left = self._topics_of.get(listener, set()) - _checked(topics)
        if listener in self._topics_of:
            self._topics_of[listener] = left
        return sorted(left)


def _checked(topics: list[str]) -> set[str]:
    for topic in topics:
        if topic not in TOPICS:
            raise InvalidParams(f"no topic {topic[:40]!r}", f"topics: {', '.join(TOPICS)}")
    return set(topics or TOPICS)
