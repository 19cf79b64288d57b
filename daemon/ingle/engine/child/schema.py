"""Which JSON Schemas a request may be held to, and their form for `constraint`.

llguidance keeps most of JSON Schema and refuses by name what it does not know; here is bounded
what it would expand. Objects have the properties that the schema names and no others, unless it
says otherwise: for a model, everything that is not ruled out is an invitation. Pure.
"""

import json
from collections.abc import Iterator
from typing import Any

from ingle.errors import InvalidParams

MAX_DEPTH = 100
"""Of JSON in JSON."""
MAX_PARTS = 1000
"""Objects and arrays in the schema."""
MAX_PROPERTIES = 300
"""Of one object: optional ones cost their square."""
MAX_CHARS = 64 * 1024
MAX_COUNT = 2000
"""Of `minItems` and its like: more than any answer has."""

WHITE_SPACE = r"| |\n[ \t]{0,20}"
"""Between the parts of an object: what people write, and no model can lose itself in it."""

_COUNTS = ("minItems", "maxItems", "minLength", "maxLength", "minProperties", "maxProperties")
_ONE = ("items", "additionalProperties")
_MANY = ("prefixItems", "items", "anyOf", "oneOf", "allOf")
_NAMED = ("properties", "patternProperties", "$defs", "definitions")


def to_bounded(schema: dict[str, Any]) -> str:
    """The schema as llguidance is given it, as JSON. Raises `InvalidParams`."""
    _check_size(schema)
    nodes = list(_schemas(schema))
    for node in nodes:
        _check_counts(node)
    # what `allOf` puts together says what an object has in several places
    whole = schema if any("allOf" in node for node in nodes) else _closed(schema)
    options = {"whitespace_pattern": WHITE_SPACE, "coerce_one_of": True}
    text = json.dumps(whole | {"x-guidance": options}, ensure_ascii=False)
    if len(text) > MAX_CHARS:
        raise InvalidParams(f"a schema may have {MAX_CHARS} characters at most")
    return text


def _check_size(schema: Any) -> None:
    """Before anything walks it by recursion."""
    pending, seen = [(schema, 0)], 0
    while pending:
        value, depth = pending.pop()
        if not isinstance(value, dict | list):
            continue
        seen += 1
        if seen > MAX_PARTS:
            raise InvalidParams(f"a schema may have {MAX_PARTS} parts at most")
        if depth > MAX_DEPTH:
            raise InvalidParams(f"a schema may be {MAX_DEPTH} levels deep at most")
        members = value.values() if isinstance(value, dict) else value
        pending += [(member, depth + 1) for member in members]


def _check_counts(node: dict[str, Any]) -> None:
    for name in _COUNTS:
        value = node.get(name, 0)
        if type(value) is not int or not 0 <= value <= MAX_COUNT:
            raise InvalidParams(f"`{name}` is a whole number from 0 to {MAX_COUNT}")
    properties = node.get("properties")
    if isinstance(properties, dict) and len(properties) > MAX_PROPERTIES:
        raise InvalidParams(f"an object of a schema may have {MAX_PROPERTIES} properties at most")


def _schemas(node: Any) -> Iterator[dict[str, Any]]:
    """A schema and all in it."""
    if not isinstance(node, dict):
        return
    yield node
    for name in _ONE:
        yield from _schemas(node.get(name))
    for name in _MANY:
        for one in node[name] if isinstance(node.get(name), list) else ():
            yield from _schemas(one)
    for name in _NAMED:
        for one in node[name].values() if isinstance(node.get(name), dict) else ():
            yield from _schemas(one)


def _closed(node: Any) -> Any:
    """With no properties but those that are named."""
    if not isinstance(node, dict):
        return node
    found = dict(node)
    for name in _ONE:
        found |= {name: _closed(node[name])} if name in node else {}
    for name in _MANY:
        if isinstance(node.get(name), list):
            found[name] = [_closed(one) for one in node[name]]
    for name in _NAMED:
        if isinstance(node.get(name), dict):
            found[name] = {key: _closed(one) for key, one in node[name].items()}
    if isinstance(node.get("properties"), dict) and "patternProperties" not in node:
        found.setdefault("additionalProperties", False)
    return found
