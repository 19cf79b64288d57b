import threading

import pytest

from ingle.cli.events import event_line
from ingle.client import Event
from ingle.wire.calls.daemon import SubscribeResult


@pytest.fixture
def one_summary(daemon):
    """A daemon that tells of one summary as soon as somebody listens, and then goes."""
    subscribed = threading.Event()

    def subscribe(params):
        daemon.publish("skill", "summary.ready", {"title": "T", "text": "a\nb"})
        subscribed.set()
        return SubscribeResult(topics=params.topics)

    daemon.answers["event.subscribe"] = subscribe
    dropper = threading.Thread(target=lambda: subscribed.wait(10) and daemon.drop_after_flush())
    dropper.start()
    yield daemon
    dropper.join()


def test_an_event_is_a_line(ingle, one_summary):
    ran = ingle("events", "skill")
    assert ran.out.split(maxsplit=1)[1] == "skill  summary.ready  T: a b\n"
    assert ran.code == 3
    assert one_summary.params("event.subscribe").topics == ["skill"]


def test_as_json(ingle, one_summary):
    first = ingle("events", "--json").lines[0]
    assert first == {"topic": "skill", "name": "summary.ready", "data": {"title": "T", "text": "a\nb"}}


def test_an_unknown_topic_is_a_wrong_command_line(ingle):
    ran = ingle("events", "weather")
    assert ran.code == 2
    assert "skill" in ran.err


@pytest.mark.parametrize(
    ("event", "gist"),
    [
        (Event("skill", "summary.failed", {"origin": "o", "reason": "why"}), "o: why"),
        (Event("skill", "result.ready", {"kind": "answer", "title": "When?"}), "answer: When?"),
        (Event("engine", "state", {"state": "ready", "model": "m", "reason": ""}), "ready m"),
        (Event("plugin", "state", {"name": "p", "state": "failed", "reason": "r"}), "p failed r"),
        (Event("context", "item.added", {"id": "1"}), '{"id":"1"}'),
        (Event("job", "done", None), "null"),
    ],
)
def test_what_a_person_wants_to_know_of_an_event(event, gist):
    assert event_line(event, 0.0).split("  ", 3)[3] == gist
