"""Whatever comes over the socket: a clear error, nothing lost, the daemon still answering."""

import json
import socket
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fakes.running import RunningDaemon
from ingle.client import Ingle

MIB = 1024 * 1024


def talk(running: RunningDaemon, data: bytes) -> list[Any]:
    """Send bytes on a connection of their own, end our side, and read all that is said."""
    with socket.socket(socket.AF_UNIX) as sock:
        sock.settimeout(20)
        sock.connect(str(running.socket))
        try:
            sock.sendall(data)
            sock.shutdown(socket.SHUT_WR)
        except OSError:
            pass  # it was closed on us, with a reason that can still be read
        said = b""
        try:
            while chunk := sock.recv(65536):
                said += chunk
        except ConnectionResetError:
            pass
    return [json.loads(line) for line in said.splitlines()]


def code_of(answers: list[Any]) -> int | None:
    return answers[0]["error"]["code"] if answers and "error" in answers[0] else None


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"\n\n{]\n", -32700),
        (b"\xff\xfe\n", -32700),
        (b"[" * 100_000 + b"\n", -32700),
        (b'{"jsonrpc":"2.0","id":1}\n', -32600),
        (b'{"jsonrpc":"2.0","id":1,"method":"no.such"}\n', -32601),
        (b'{"jsonrpc":"2.0","id":1,"method":"skill.run","params":{"skill":1,"text":"x"}}\n', -32602),
        (
            b'{"jsonrpc":"2.0","id":1,"method":"skill.run","params":{"skill":"x","text":"y","z":1}}\n',
            -32602,
        ),
        (
            b'{"jsonrpc":"2.0","id":1,"method":"skill.run","params":{"skill":"nope","text":"y"}}\n',
            -32008,
        ),
        (
            b'{"jsonrpc":"2.0","id":1,"method":"context.put","params":{"kind":"note","text":"\xff"}}\n',
            -32700,
        ),
        (
            b'{"jsonrpc":"2.0","id":1,"method":"event.subscribe","params":{"topics":["weather"]}}\n',
            -32602,
        ),
        (b"x" * (2 * MIB), -32600),
    ],
)
def test_bad_bytes_get_their_code(running: RunningDaemon, data: bytes, code: int) -> None:
    assert code_of(talk(running, data)) == code
    with running.client() as client:
        assert client.status().pid == running.process.pid


def test_half_a_frame_and_silence_leave_no_trace(running: RunningDaemon) -> None:
    assert talk(running, b'{"jsonrpc":"2.0","id":1,') == []
    with running.client() as client:
        client.status()


@pytest.mark.parametrize(
    "params",
    [
        {"prompt": "x", "temperature": -1}, {"prompt": "x", "max_tokens": 2**63}, {"prompt": "x", "seed": 2**63},
        {"prompt": "x", "top_p": 5}, {"prompt": "x", "deadline_ms": -1}, {"prompt": ""}, {},
        {"prompt": "x", "messages": [{"role": "user", "content": "y"}]},
        {"prompt": "x", "schema": {"type": "object"}, "grammar": 'root ::= "a"'},
        {"prompt": "x", "grammar": "root ::= ("}, {"prompt": "x", "grammar": "no root here"},
        {"prompt": "x", "stop": ["s"] * 10_000}, {"prompt": "x", "adapter": "nope"},
        {"prompt": "x", "logprobs": 21}, {"prompt": "x", "logprobs": -1}, {"prompt": "x", "exact": "yes"},
        {"prompt": "x", "temperature": "NaN"}, {"prompt": "x", "top_p": 2**63}, {"prompt": "x", "seed": -1},
        {"prompt": "x", "grammar": "root ::= root \"a\" | \"b\""}, {"prompt": "x", "schema": {"not": {}}},
        {"prompt": "x", "grammar": "root ::= (((\"a\"{1000}){1000}){1000})"},
        {"prompt": "x", "schema": {"$ref": "#"}}, {"prompt": "x", "schema": {"type": "nonsense"}},
    ],
)  # fmt: skip
def test_impossible_parameters_are_refused_and_the_next_request_is_served(
    client: Ingle, params: dict[str, Any]
) -> None:
    with pytest.raises(Exception, match=r"(?s).") as caught:
        client.call("assistant.generate", **params)
    assert getattr(caught.value, "code", 0) in {-32602, -32008}
    assert client.generate("hello", max_tokens=2).usage.output_tokens <= 2


def test_a_prompt_that_does_not_fit_is_refused_with_the_numbers(client: Ingle) -> None:
    with pytest.raises(Exception, match=r"\d") as caught:
        client.generate("word " * 50_000)
    assert getattr(caught.value, "code", 0) == -32003
    assert client.tokenize("still here")


@pytest.mark.parametrize("text", ["", " \n ", "a\0b" * 300])
def test_skills_refuse_what_is_no_text(client: Ingle, text: str) -> None:
    with pytest.raises(Exception, match=r"(?s).") as caught:
        client.summarize(text)
    assert getattr(caught.value, "code", 0) == -32602


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=300))
def test_no_bytes_at_all_end_the_daemon(running: RunningDaemon, data: bytes) -> None:
    for answer in talk(running, data + b"\n"):
        for each in answer if isinstance(answer, list) else [answer]:
            assert each["jsonrpc"] == "2.0"
    assert running.process.poll() is None


def test_an_exact_answer_is_the_same_over_the_socket_with_its_likelihoods(client: Ingle) -> None:
    asked = {"prompt": "the sea", "exact": True, "logprobs": 1, "max_tokens": 6}
    first, again = (client.call("assistant.generate", **asked) for _ in range(2))
    assert (first["text"], first["logprobs"]) == (again["text"], again["logprobs"])
    assert {"text", "logprob", "top"} <= first["logprobs"][0].keys()
