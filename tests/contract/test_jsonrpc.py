"""The examples of the JSON-RPC 2.0 specification (section 7), byte for byte as it prints them."""

import asyncio
import json
from typing import Any

import pytest

from fakes.connected import served
from ingle.rpc.dispatcher import Call, Dispatcher, Route
from ingle.wire.calls.base import NoParams, Params


class SubtractParams(Params, frozen=True):
    minuend: int
    subtrahend: int


class Numbers(Params, frozen=True):
    a: int = 0
    b: int = 0
    c: int = 0
    d: int = 0
    e: int = 0


async def subtract(params: SubtractParams, _: Call) -> int:
    return params.minuend - params.subtrahend


async def total(params: Numbers, _: Call) -> int:
    return params.a + params.b + params.c


async def get_data(_: NoParams, call: Call) -> list[Any]:
    return ["hello", 5]


async def ignore(_: Numbers, call: Call) -> None:
    return None


DISPATCHER = Dispatcher(
    {
        "subtract": Route(subtract, SubtractParams),
        "sum": Route(total, Numbers),
        "get_data": Route(get_data, NoParams),
        "update": Route(ignore, Numbers),
        "notify_hello": Route(ignore, Numbers),
        "notify_sum": Route(ignore, Numbers),
    }
)

INVALID = {"code": -32600}
EXAMPLES: list[tuple[str, str, Any]] = [
    ("positional parameters", '{"jsonrpc": "2.0", "method": "subtract", "params": [42, 23], "id": 1}',
     {"jsonrpc": "2.0", "result": 19, "id": 1}),
    ("positional parameters, other order", '{"jsonrpc": "2.0", "method": "subtract", "params": [23, 42], "id": 2}',
     {"jsonrpc": "2.0", "result": -19, "id": 2}),
    ("named parameters",
     '{"jsonrpc": "2.0", "method": "subtract", "params": {"subtrahend": 23, "minuend": 42}, "id": 3}',
     {"jsonrpc": "2.0", "result": 19, "id": 3}),
    ("named parameters, other order",
     '{"jsonrpc": "2.0", "method": "subtract", "params": {"minuend": 42, "subtrahend": 23}, "id": 4}',
     {"jsonrpc": "2.0", "result": 19, "id": 4}),
    ("a notification", '{"jsonrpc": "2.0", "method": "update", "params": [1,2,3,4,5]}', None),
    ("a notification of no such method", '{"jsonrpc": "2.0", "method": "foobar"}', None),
    ("no such method", '{"jsonrpc": "2.0", "method": "foobar", "id": "1"}',
     {"jsonrpc": "2.0", "error": {"code": -32601}, "id": "1"}),
    ("invalid JSON", '{"jsonrpc": "2.0", "method": "foobar, "params": "bar", "baz]',
     {"jsonrpc": "2.0", "error": {"code": -32700}, "id": None}),
    ("an invalid request", '{"jsonrpc": "2.0", "method": 1, "params": "bar"}',
     {"jsonrpc": "2.0", "error": INVALID, "id": None}),
    ("a batch of invalid JSON",
     '[{"jsonrpc": "2.0", "method": "sum", "params": [1,2,4], "id": "1"},{"jsonrpc": "2.0", "method"]',
     {"jsonrpc": "2.0", "error": {"code": -32700}, "id": None}),
    ("an empty batch", "[]", {"jsonrpc": "2.0", "error": INVALID, "id": None}),
    ("an invalid batch", "[1]", [{"jsonrpc": "2.0", "error": INVALID, "id": None}]),
    ("an invalid batch of three", "[1,2,3]", [{"jsonrpc": "2.0", "error": INVALID, "id": None}] * 3),
    ("a mixed batch",
     '[{"jsonrpc": "2.0", "method": "sum", "params": [1,2,4], "id": "1"},'
     '{"jsonrpc": "2.0", "method": "notify_hello", "params": [7]},'
     '{"jsonrpc": "2.0", "method": "subtract", "params": [42,23], "id": "2"},'
     '{"foo": "boo"},'
     '{"jsonrpc": "2.0", "method": "foo.get", "params": {"name": "myself"}, "id": "5"},'
     '{"jsonrpc": "2.0", "method": "get_data", "id": "9"}]',
     [{"jsonrpc": "2.0", "result": 7, "id": "1"}, {"jsonrpc": "2.0", "result": 19, "id": "2"},
      {"jsonrpc": "2.0", "error": INVALID, "id": None},
      {"jsonrpc": "2.0", "error": {"code": -32601}, "id": "5"},
      {"jsonrpc": "2.0", "result": ["hello", 5], "id": "9"}]),
    ("a batch of notifications",
     '[{"jsonrpc": "2.0", "method": "notify_sum", "params": [1,2,4]},'
     '{"jsonrpc": "2.0", "method": "notify_hello", "params": [7]}]', None),
]  # fmt: skip


def essence(answer: Any) -> Any:
    """An answer without what the specification leaves open: error texts and the order of a batch."""
    if isinstance(answer, list):
        return sorted(
            (essence(each) for each in answer), key=lambda each: json.dumps(each, sort_keys=True)
        )
    if isinstance(answer, dict) and "error" in answer:
        return {**answer, "error": {"code": answer["error"]["code"]}}
    return answer


@pytest.mark.parametrize(
    ("request_", "expected"), [row[1:] for row in EXAMPLES], ids=[row[0] for row in EXAMPLES]
)
async def test_an_example_of_the_specification(request_: str, expected: Any) -> None:
    marker = '{"jsonrpc": "2.0", "method": "get_data", "id": "the end"}'
    loop = asyncio.get_running_loop()
    async with served(DISPATCHER) as (_, raw):
        await loop.sock_sendall(raw, f"{request_}\n".encode())
        lines: list[Any] = []
        if expected is not None:
            lines.append(await read_line(raw))
        await loop.sock_sendall(raw, f"{marker}\n".encode())
        lines.append(await read_line(raw))
    assert lines.pop()["id"] == "the end", "nothing was said beside the answer"
    assert [essence(line) for line in lines] == ([] if expected is None else [essence(expected)])


async def read_line(raw: Any) -> Any:
    data = b""
    async with asyncio.timeout(5):
        while not data.endswith(b"\n"):
            data += await asyncio.get_running_loop().sock_recv(raw, 65536)
    return json.loads(data)
