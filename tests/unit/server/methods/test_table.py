"""Every method of the published table has a handler, and nothing else has one."""

import pytest

from ingle.rpc.dispatcher import Call
from ingle.server.methods import routes
from ingle.wire.schema import METHODS


async def handler(params: object, call: Call) -> None:
    return None


def test_the_table_and_the_handlers_are_one() -> None:
    table = routes(dict.fromkeys(METHODS, handler))
    assert {name: route.grant for name, route in table.items()} == {
        name: row.grant for name, row in METHODS.items()
    }


def test_a_method_on_one_side_only_is_a_bug() -> None:
    with pytest.raises(LookupError, match=r"daemon\.status"):
        routes({name: handler for name in METHODS if name != "daemon.status"})
    with pytest.raises(LookupError, match=r"daemon\.fly"):
        routes(dict.fromkeys(METHODS, handler), {"daemon.fly": handler})
