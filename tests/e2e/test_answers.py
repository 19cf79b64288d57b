"""The daemon's main jobs end to end: stream, cancel, survive the engine, summarise what arrives."""

import json
import os
import re
import signal
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from fakes.running import RunningDaemon, daemon, install_model
from ingle.client import Event, Ingle
from ingle.errors import Cancelled, DeadlineExceeded, EngineUnavailable, Paused

HARBOUR = (
    "The town council met on Tuesday to discuss the future of the old harbour. For two hundred years the "
    "fishing fleet has landed its catch at the stone quay, but the last three boats will leave next spring. "
    "A company from the capital has offered to turn the warehouses into flats and a small hotel. Many "
    "residents fear that rents will rise and that the ice house, a listed building, will be lost. The "
    "harbour master, Ellen Marsh, told the council that dredging alone costs ninety thousand pounds a year. "
    "She proposed a smaller plan: a boatyard school in the northern shed and moorings for visiting yachts. "
    "The council rejected the hotel by seven votes to four and asked for figures on the school by October. "
    "Until then the quay stays open, and the ice house will be surveyed at the county's expense."
)


ENDLESS = {
    "prompt": "hello",
    "max_tokens": 1900,
    "grammar": "root ::= [a-z] [a-z ]{1899}",
    "temperature": 1.0,
}
"""A grammar that lets no answer end: random weights would end one at any token."""


def event_named(events: Iterator[Event], *names: str) -> Event:
    return next(event for event in events if event.name in names)


def test_pieces_make_up_the_whole_answer(client: Ingle) -> None:
    with client.stream("assistant.generate", prompt="hello", max_tokens=24, seed=1) as stream:
        pieces = list(stream)
        result = stream.result
    assert "".join(pieces) == result["text"]
    assert result["usage"]["input_tokens"] > 0
    assert result["timing"]["total_ms"] > 0


def test_how_much_is_read_is_on_the_wire_before_the_first_piece(running: RunningDaemon) -> None:
    params = {"skill": "summarize", "text": HARBOUR, "stream": True}
    request = {"jsonrpc": "2.0", "id": 1, "method": "skill.run", "params": params}
    with socket.socket(socket.AF_UNIX) as raw:
        raw.connect(str(running.socket))
        raw.sendall(json.dumps(request).encode() + b"\n")
        with raw.makefile("rb") as lines:
            messages = [json.loads(next(lines))]
            while "result" not in messages[-1]:
                messages.append(json.loads(next(lines)))
    deltas, result = [each["params"] for each in messages[:-1]], messages[-1]["result"]
    assert [each["coverage"] for each in deltas if "coverage" in each] == [result["coverage"]]
    assert "coverage" in deltas[0]
    assert "".join(each["text"] for each in deltas) == result["text"]


def test_closing_a_stream_cancels_it_in_the_engine(client: Ingle) -> None:
    with client.stream("assistant.generate", **ENDLESS) as stream:
        next(stream)
    deadline = time.monotonic() + 20
    while client.status().queue.interactive:
        assert time.monotonic() < deadline, "the request is still in the engine"


def test_a_cancelled_request_is_answered_cancelled(running: RunningDaemon) -> None:
    with running.client() as client:
        stream = client.stream("assistant.generate", **ENDLESS)
        next(stream)
        client._write(b'{"jsonrpc":"2.0","method":"$/cancelRequest","params":{"id":1}}\n')
        with pytest.raises(Cancelled):
            list(stream)


def test_a_deadline_ends_a_request(client: Ingle) -> None:
    client.tokenize("wait for the model")
    with pytest.raises(DeadlineExceeded):
        client.call("assistant.generate", **ENDLESS, deadline_ms=50)


@pytest.mark.parametrize("sign", [signal.SIGKILL, signal.SIGSEGV, signal.SIGABRT])
def test_an_engine_that_dies_costs_one_answer(running: RunningDaemon, client: Ingle, sign: int) -> None:
    client.tokenize("wait for the model")
    before = client.status()
    stream = client.stream("assistant.generate", **ENDLESS)
    next(stream)
    assert before.engine.pid
    os.kill(before.engine.pid, sign)
    with pytest.raises(EngineUnavailable, match=sign.name):
        list(stream)
    assert client.generate("hello", max_tokens=3).text is not None
    after = client.status()
    assert (after.pid, after.engine.state) == (before.pid, "ready")
    assert after.engine.pid != before.engine.pid


def test_parking_gives_the_memory_back_and_resume_brings_the_model_again(client: Ingle) -> None:
    client.tokenize("wait for the model")
    client.call("model.park", reason="a game")
    status = client.status()
    assert (status.engine.state, status.engine.reason, status.engine.pid) == ("parked", "a game", None)
    with pytest.raises(Paused, match="a game"):
        client.generate("hello")
    client.call("daemon.resume")
    assert client.generate("hello", max_tokens=2)
    client.call("model.unload")
    assert client.generate("hello", max_tokens=2)


def test_a_copied_text_becomes_an_event_with_its_coverage(running: RunningDaemon, client: Ingle) -> None:
    with running.client() as listener:
        events = listener.events("skill")
        put = client.call("context.put", kind="clipboard", text=HARBOUR, origin="clipboard")
        assert put["accepted"]
        event = event_named(events, "summary.ready", "summary.failed")
    assert event.name == "summary.ready", event.data
    assert {"origin", "title", "text", "coverage", "item"} <= event.data.keys()
    assert event.data["item"] == put["id"]
    assert event.data["coverage"]["read"] == event.data["coverage"]["total"] == len(HARBOUR)
    assert event.data["text"].strip()
    [item] = client.call("context.list")
    assert item["summary"] == event.data["text"]


def test_a_pause_holds_summaries_back_until_resume(running: RunningDaemon, client: Ingle) -> None:
    with running.client() as listener:
        events = listener.events("skill")
        client.call("daemon.pause")
        assert client.status().state == "paused"
        client.call("context.put", kind="clipboard", text=HARBOUR)
        assert client.generate("a person may still ask", max_tokens=2)
        assert client.call("context.list")[0]["summary"] is None
        client.call("daemon.resume")
        assert event_named(events, "summary.ready").data["text"]
    assert client.status().state == "ready"


def test_clients_at_the_same_time_all_get_their_own_answer(running: RunningDaemon) -> None:
    answers: dict[int, str] = {}

    def ask(number: int) -> None:
        with running.client() as client:
            answers[number] = client.generate(f"number {number}", max_tokens=12, seed=number).text

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(answers) == list(range(12))


@pytest.mark.engine
def test_the_embedded_model_summarises_a_copied_text_faithfully(
    private_dirs: Path, embedded_model: Path
) -> None:
    install_model(private_dirs, embedded_model)
    with daemon(private_dirs) as running, running.client() as client, running.client() as listener:
        events = listener.events("skill")
        client.call("context.put", kind="clipboard", text=HARBOUR)
        data = event_named(events, "summary.ready", "summary.failed").data
        assert all(sentence in HARBOUR for sentence in re.split(r"(?<=[.!?])\s+", data["text"]))
        assert len(data["text"]) < len(HARBOUR)
        answer = client.ask("Who is the harbour master?")
        assert not answer.refused
        assert [citation.quote in HARBOUR for citation in answer.citations] == [True]
