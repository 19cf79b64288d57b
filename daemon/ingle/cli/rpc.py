"""`ingle rpc`: calls any method with parameters as JSON."""

import argparse
import json
import sys
from typing import Any

from ingle.cli import exits
from ingle.cli.session import Session
from ingle.errors import InvalidParams

EXAMPLES = """
ingle rpc daemon.status
ingle rpc engine.tokenize '{"text": "hello"}'
ingle rpc assistant.generate '{"prompt": "Say hello.", "max_tokens": 20, "stream": true}'
ingle rpc context.put - < item.json
ingle rpc rpc.discover | jq -r '.methods[].name'
"""


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("method", metavar="METHOD", help="`ingle rpc rpc.discover` lists them")
    parser.add_argument(
        "params", metavar="JSON", nargs="?", default="{}", help="an object or an array; `-` reads stdin"
    )


def run(args: argparse.Namespace, session: Session) -> int:
    params = parameters(sys.stdin.read() if args.params == "-" else args.params)
    output = session.output
    with session.connect(frame_bytes=session.frame_bytes) as ingle:
        stream = ingle.request(args.method, params)
        streams = isinstance(params, dict) and params.get("stream") is True
        for piece in stream:
            output.json({"delta": piece})
        output.json({"result": stream.result} if streams else stream.result)
    return exits.OK


def parameters(text: str) -> dict[str, Any] | list[Any]:
    """Parameters as they stand on the wire. Raises `InvalidParams`."""
    try:
        params = json.loads(text)
    except ValueError as error:
        raise InvalidParams(
            f"the parameters are not JSON: {error}", "put them in single quotes"
        ) from None
    if not isinstance(params, (dict, list)):
        raise InvalidParams(
            "the parameters are neither an object nor an array", "for example: '{\"k\": 1}'"
        )
    return params
