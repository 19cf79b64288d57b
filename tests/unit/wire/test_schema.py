"""The published table: strict parameters, positional calls, an OpenRPC document."""

import msgspec
import pytest

from ingle.errors import InvalidParams
from ingle.wire.calls.assistant import GenerateParams
from ingle.wire.schema import GRANTS, METHODS, bind, openrpc


@pytest.mark.parametrize(
    ("params", "names"),
    [
        ({"prompt": ""}, "params.prompt"),
        ({"promt": "x"}, "promt"),
        ({"prompt": 3}, "params.prompt"),
        ({"prompt": "x", "temperature": -1}, "params.temperature"),
        ({"prompt": "x", "temperature": "hot"}, "params.temperature"),
        ({"prompt": "x", "max_tokens": 2**63}, "params.max_tokens"),
        ({"prompt": "x", "max_tokens": 0}, "params.max_tokens"),
        ({"prompt": "x", "max_tokens": True}, "params.max_tokens"),
        ({"prompt": "x", "seed": -1}, "params.seed"),
        ({"prompt": "x", "top_p": 0}, "params.top_p"),
        ({"prompt": "x", "stop": ["a"] * 10_000}, "params.stop"),
        ({"prompt": "x", "stop": [""]}, "params.stop"),
        ({"prompt": "x", "priority": "now"}, "priority"),
        ({"prompt": "x", "deadline_ms": 0}, "params.deadline_ms"),
        ({"messages": []}, "params.messages"),
        ({"messages": [{"role": "root", "content": "x"}]}, "params.messages"),
        ({"prompt": "x", "schema": [1]}, "params.schema"),
    ],
)
def test_a_wrong_parameter_is_refused_by_name(params: dict[str, object], names: str) -> None:
    with pytest.raises(InvalidParams, match=names.replace(".", r"\.")):
        bind(GenerateParams, params)


def test_positional_parameters_follow_the_order_of_the_fields() -> None:
    bound = bind(GenerateParams, ["hello", None, "be brief"])
    assert isinstance(bound, GenerateParams)
    assert (bound.prompt, bound.system) == ("hello", "be brief")


def test_too_many_positional_parameters_are_refused() -> None:
    with pytest.raises(InvalidParams, match="positional"):
        bind(GenerateParams, [None] * 50)


def test_every_grant_of_the_table_is_explained() -> None:
    assert {row.grant for row in METHODS.values()} - {None} == set(GRANTS)


def test_the_openrpc_document_describes_every_method_and_is_json() -> None:
    document = msgspec.json.decode(msgspec.json.encode(openrpc("1")))
    assert {method["name"] for method in document["methods"]} == set(METHODS)
    generate = next(each for each in document["methods"] if each["name"] == "assistant.generate")
    assert {"code": -32003, "message": "context_too_long"} in generate["errors"]
    assert any(param["name"] == "messages" for param in generate["params"])
