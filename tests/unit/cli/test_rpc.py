import io

import pytest

from ingle.cli.rpc import parameters
from ingle.errors import InvalidParams
from ingle.vocabulary import Coverage


def test_any_method(ingle, daemon):
    assert ingle("rpc", "daemon.status").json["pid"] == 4711
    assert ingle("rpc", "engine.tokenize", '{"text": "x"}').json == {"tokens": [1, 2, 3]}
    assert ingle("rpc", "engine.tokenize", '["x"]').json == {"tokens": [1, 2, 3]}


def test_a_stream_is_lines(ingle, daemon):
    daemon.deltas["assistant.generate"] = [Coverage(read=61, total=100, parts=2), "a", "b"]
    lines = ingle("rpc", "assistant.generate", '{"prompt": "x", "stream": true}').lines
    assert lines[:2] == [{"delta": "a"}, {"delta": "b"}]
    assert lines[2]["result"]["text"] == "Hello."


def test_parameters_from_standard_input(ingle, daemon, monkeypatch):
    monkeypatch.setattr("sys.stdin", io.StringIO('{"text": "x"}'))
    assert ingle("rpc", "engine.tokenize", "-").code == 0


def test_an_unknown_method_is_5_and_wrong_parameters_are_2(ingle, daemon):
    assert ingle("rpc", "no.such").code == 5
    assert ingle("rpc", "engine.tokenize", '{"nonsense": 1}').code == 2


@pytest.mark.parametrize("text", ["", "{", "1", '"text"', "null", "{'a': 1}"])
def test_what_is_no_object_or_array_is_refused(text):
    with pytest.raises(InvalidParams):
        parameters(text)
