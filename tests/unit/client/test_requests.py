import msgspec
import pytest

from ingle.client import requests
from ingle.client.requests import Event
from ingle.errors import DaemonNotRunning, IngleError


def test_what_is_not_given_does_not_stand_on_the_wire():
    assert requests.generate("hi", {"seed": None, "max_tokens": 3}).params == {
        "prompt": "hi",
        "max_tokens": 3,
    }
    assert requests.run("title", "text", {}).params == {"skill": "title", "text": "text"}
    assert requests.ask("why?", None, anyway=None).params == {"question": "why?"}


def test_a_conversation_goes_as_messages():
    wanted = requests.generate([{"role": "user", "content": "hi"}], {})
    assert wanted.params == {"messages": [{"role": "user", "content": "hi"}]}


def test_a_result_becomes_its_type_and_unknown_fields_are_ignored():
    result = requests.tokenize("x").typed({"tokens": [1, 2], "of_a_newer_daemon": True})
    assert result.tokens == [1, 2]


def test_a_result_of_another_shape_is_an_error_with_a_next_step():
    with pytest.raises(IngleError, match=r"engine\.tokenize") as raised:
        requests.tokenize("x").typed({"tokens": "many"})
    assert "ingle stop" in raised.value.hint
    assert not isinstance(raised.value, msgspec.ValidationError)


@pytest.mark.parametrize("params", [[], {}, {"topic": 1, "name": "x"}, {"topic": "x"}])
def test_a_notification_that_is_no_event_is_none(params):
    assert requests.event(params) is None


def test_an_event_has_topic_name_and_data():
    assert requests.event({"topic": "skill", "name": "done", "data": 1}) == Event("skill", "done", 1)


def test_the_socket_is_the_given_one_or_that_of_the_environment(monkeypatch, tmp_path):
    monkeypatch.setenv("INGLE_SOCKET", str(tmp_path / "s"))
    assert requests.socket_path(None) == tmp_path / "s"
    assert str(requests.socket_path("/x/y")) == "/x/y"


def test_a_failed_connect_says_whose_socket_it_is(tmp_path):
    absent = requests.not_running(tmp_path, FileNotFoundError())
    foreign = requests.not_running(tmp_path, PermissionError())
    assert isinstance(absent, DaemonNotRunning)
    assert "ingle serve" in absent.hint
    assert "somebody else" in foreign.message
