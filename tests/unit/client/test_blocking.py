"""`Ingle` against a scripted daemon on a real socket."""

import signal
import socket

import pytest

from fakes.daemon import STATUS, SUMMARY, FakeDaemon
from ingle.client import Ingle
from ingle.errors import (
    ConnectionLost,
    DaemonNotRunning,
    EngineUnavailable,
    FrameTooLong,
    IngleError,
    InvalidParams,
    ModelTooSmall,
)
from ingle.vocabulary import Coverage

WAIT_S = 10.0


def test_typed_results(daemon):
    with Ingle(daemon.path) as ingle:
        assert ingle.status() == STATUS
        assert ingle.summarize("long text") == SUMMARY
        assert ingle.ask("when?", "on Friday").answer == "On Friday."
        assert ingle.generate("hi", max_tokens=5).text == "Hello."
        assert ingle.tokenize("hi") == [1, 2, 3]
    assert daemon.params("skill.run").text == "long text"
    assert daemon.params("assistant.generate").max_tokens == 5


def test_a_skill_gets_its_arguments(daemon):
    with Ingle(daemon.path) as ingle:
        ingle.run("rewrite", "text", tone="formal", anyway=True)
    params = daemon.params("skill.run")
    assert (params.args, params.anyway, params.stream) == ({"tone": "formal"}, True, False)


def test_a_stream_gives_pieces_and_then_the_result(daemon):
    daemon.deltas["assistant.generate"] = [Coverage(read=61, total=100, parts=2), "Hel", "lo."]
    with Ingle(daemon.path) as ingle, ingle.stream("assistant.generate", prompt="hi") as stream:
        assert list(stream) == ["Hel", "lo."]
        assert stream.result["text"] == "Hello."
        assert list(stream) == []


def test_the_result_of_a_stream_can_be_had_without_its_pieces(daemon):
    daemon.deltas["assistant.generate"] = ["Hel", "lo."]
    with Ingle(daemon.path) as ingle:
        assert ingle.stream("assistant.generate", prompt="hi").result["finish_reason"] == "stop"


def test_pieces_go_to_a_callback(daemon):
    daemon.deltas["skill.run"] = [Coverage(read=61, total=100, parts=2), "a", "b"]
    pieces: list[str] = []
    with Ingle(daemon.path) as ingle:
        assert ingle.summarize("text", pieces.append) == SUMMARY
    assert pieces == ["a", "b"]


def test_positional_parameters(daemon):
    with Ingle(daemon.path) as ingle:
        assert ingle.request("engine.tokenize", ["hi"]).result == {"tokens": [1, 2, 3]}


def test_another_request_while_an_answer_streams(daemon):
    daemon.deltas["assistant.generate"] = ["a", "b", "c"]
    with Ingle(daemon.path) as ingle:
        stream = ingle.stream("assistant.generate", prompt="hi")
        first = next(stream)
        assert ingle.status().pid == STATUS.pid
        assert [first, *stream] == ["a", "b", "c"]


def test_the_daemons_error_is_raised_as_what_it_is(daemon):
    daemon.answers["skill.run"] = ModelTooSmall("too small", "pull another")
    with Ingle(daemon.path) as ingle:
        with pytest.raises(ModelTooSmall, match="too small") as raised:
            ingle.summarize("text")
        assert raised.value.hint == "pull another"
        assert ingle.status() == STATUS


def test_an_unavailable_engine_is_not_taken_for_a_lost_connection(daemon):
    daemon.answers["skill.run"] = EngineUnavailable("it died")
    with Ingle(daemon.path) as ingle, pytest.raises(EngineUnavailable):
        ingle.summarize("text")


def test_a_stream_that_failed_is_over(daemon):
    daemon.answers["skill.run"] = EngineUnavailable("it died")
    with Ingle(daemon.path) as ingle:
        stream = ingle.stream("skill.run", skill="summarize", text="x")
        with pytest.raises(EngineUnavailable):
            next(stream)
        assert list(stream) == []
        stream.close()


def test_a_closed_stream_is_cancelled_in_the_engine(daemon):
    daemon.deltas["skill.run"] = ["a"]
    daemon.hold.add("skill.run")
    with Ingle(daemon.path) as ingle:
        with ingle.stream("skill.run", skill="summarize", text="x") as stream:
            assert next(stream) == "a"
        assert daemon.cancelled.wait(WAIT_S)
        assert ingle.status() == STATUS


def test_ctrl_c_cancels_the_request_and_leaves_the_connection_usable(daemon):
    daemon.hold.add("skill.run")

    def interrupt() -> None:
        if daemon.held.is_set() and not daemon.cancelled.is_set():
            signal.raise_signal(signal.SIGINT)

    with Ingle(daemon.path, on_wait=interrupt, wait_s=0.001) as ingle:
        with pytest.raises(KeyboardInterrupt):
            ingle.summarize("x")
        assert daemon.cancelled.wait(WAIT_S)
        assert ingle.status() == STATUS


def test_events_are_heard_while_other_requests_run(daemon):
    with Ingle(daemon.path) as ingle:
        events = ingle.events("skill")
        daemon.publish("skill", "summary.ready", {"text": "one"})
        ingle.status()
        daemon.publish("skill", "summary.ready", {"text": "two"})
        assert [next(events).data["text"], next(events).data["text"]] == ["one", "two"]
    assert daemon.params("event.subscribe").topics == ["skill"]


def test_somebody_who_waits_is_told_so(daemon):
    daemon.hold.add("skill.run")
    ticks: list[int] = []

    def tick() -> None:
        ticks.append(1)
        if len(ticks) == 3:
            daemon.drop()

    with Ingle(daemon.path, on_wait=tick, wait_s=0.001) as ingle, pytest.raises(ConnectionLost):
        ingle.summarize("x")
    assert len(ticks) >= 3


def test_no_daemon_is_an_error_with_a_next_step(tmp_path):
    with pytest.raises(DaemonNotRunning) as raised:
        Ingle(tmp_path / "nobody.sock")
    assert "ingle serve" in raised.value.hint


def test_a_stale_socket_is_no_daemon(tmp_path):
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(tmp_path / "s"))
    with pytest.raises(DaemonNotRunning):
        Ingle(tmp_path / "s")


def test_a_daemon_that_dies_in_the_middle_is_a_lost_connection(daemon):
    daemon.hold.add("skill.run")
    with Ingle(daemon.path) as ingle:
        stream = ingle.stream("skill.run", skill="summarize", text="x")
        assert daemon.held.wait(WAIT_S)
        daemon.drop()
        with pytest.raises(ConnectionLost):
            stream.result  # noqa: B018
        with pytest.raises(ConnectionLost):
            ingle.status()


def test_a_message_over_the_limit_is_refused_before_it_is_sent(daemon):
    with Ingle(daemon.path, frame_bytes=1000) as ingle:
        with pytest.raises(FrameTooLong, match="1000"):
            ingle.summarize("x" * 1000)
        assert ingle.status() == STATUS
    assert [method for method, _ in daemon.calls] == ["daemon.status"]


def test_a_message_over_the_daemons_limit_is_the_daemons_error(daemon):
    with Ingle(daemon.path, frame_bytes=1 << 30) as ingle, pytest.raises(IngleError) as raised:
        ingle.summarize("x" * (2 << 20))
    assert isinstance(raised.value, (FrameTooLong, ConnectionLost))


def test_a_text_that_is_not_unicode_is_refused(daemon):
    with Ingle(daemon.path) as ingle, pytest.raises(InvalidParams, match="Unicode"):
        ingle.summarize("half a pair: \ud800")


@pytest.mark.parametrize("said", [b"HTTP/1.1 400 Bad Request\r\n\r\n", b'{"hello": 1}\n'])
def test_something_else_on_the_socket_is_named(tmp_path, said):
    path = tmp_path / "s"
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))
        server.listen()
        with Ingle(path) as ingle:
            other, _ = server.accept()
            with other:
                other.sendall(said)
                with pytest.raises(ConnectionLost, match="JSON-RPC"):
                    ingle.status()


def test_a_fake_daemon_checks_parameters_as_the_real_one_does(daemon: FakeDaemon):
    with Ingle(daemon.path) as ingle, pytest.raises(InvalidParams):
        ingle.call("skill.run", skill="summarize", text="x", nonsense=1)
