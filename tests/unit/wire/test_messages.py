"""Classification of single messages; whole exchanges are in `contract/test_jsonrpc.py`."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingle.wire.messages import (
    Failure,
    Malformed,
    Message,
    Notification,
    Request,
    Success,
    as_json,
    parse,
)

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["jsonrpc", "id", "method", "params", "result", "error", "x"]), inner
        )
    ),
    max_leaves=15,
)


@given(JSON)
def test_any_json_is_classified_without_an_exception(value: object) -> None:
    parsed = parse(value)
    for message in parsed if isinstance(parsed, list) else [parsed]:
        assert isinstance(message, Message)


@pytest.mark.parametrize(
    "message",
    [Request(1, "a", {}), Request("x", "a", [1]), Notification("a", {"b": 1}), Success(1, None),
     Failure(None, -1, "no", {"key": "k"})],
)  # fmt: skip
def test_a_message_survives_its_json(message: Request | Notification | Success | Failure) -> None:
    assert parse(as_json(message)) == message


@pytest.mark.parametrize(
    "value",
    [1, "x", {}, {"jsonrpc": "2.0"}, {"jsonrpc": "1.0", "method": "a"}, {"jsonrpc": "2.0", "method": 1},
     {"jsonrpc": "2.0", "method": "a", "params": "b"}, {"jsonrpc": "2.0", "id": {}, "method": "a"},
     {"jsonrpc": "2.0", "id": True, "method": "a"}, {"jsonrpc": "2.0", "id": 1, "result": 1, "error": {}},
     {"jsonrpc": "2.0", "id": 1, "error": {"code": "x", "message": "m"}}, []],
)  # fmt: skip
def test_what_is_no_message_is_malformed(value: object) -> None:
    assert isinstance(parse(value), Malformed)
