"""JSON Schemas: what is bounded, and what the form that is kept lets through."""

import json
from typing import Any

import llguidance
import pytest

from ingle.engine.child.schema import to_bounded
from ingle.errors import InvalidParams

TOKENIZER = llguidance.LLTokenizer("byte")


def matcher(schema: dict[str, Any]) -> llguidance.LLMatcher:
    source = llguidance.LLMatcher.grammar_from_json_schema(to_bounded(schema))
    return llguidance.LLMatcher(TOKENIZER, source, log_level=0)


def keeps(schema: dict[str, Any], text: str) -> bool:
    found = matcher(schema)
    assert not found.is_error(), found.get_error()
    return found.try_consume_tokens(list(text.encode())) == len(text.encode()) and found.is_accepting()


HERON = {
    "type": "object",
    "properties": {"name": {"type": "string", "maxLength": 5}, "legs": {"type": "integer"}},
    "required": ["name"],
}


@pytest.mark.parametrize(
    ("schema", "text", "is_kept"),
    [
        (HERON, '{"name": "heron", "legs": 2}', True),
        (HERON, '{"name":"heron"}', True),
        (HERON, '{\n  "name": "heron",\n  "legs": 2\n}', True),
        (HERON, '{"name": "herons"}', False),
        (HERON, '{"legs": 2}', False),
        (HERON, '{"name": "heron", "wings": 2}', False),
        (HERON | {"additionalProperties": True}, '{"name": "heron", "wings": 2}', True),
        (HERON | {"patternProperties": {"^w": {"type": "integer"}}}, '{"name": "h", "wings": 2}', True),
        ({"properties": {"properties": {"properties": {}}}}, '{"properties": {}}', True),
        ({"properties": {"properties": {"properties": {}}}}, '{"properties": {"a": 1}}', False),
        ({"type": "object"}, '{"anything": [1, null]}', True),
        ({"items": HERON}, '[{"name": "a", "b": 1}]', False),
        ({"prefixItems": [HERON]}, '[{"name": "a", "b": 1}]', False),
        ({"anyOf": [HERON, {"type": "null"}]}, "null", True),
        ({"oneOf": [HERON, {"type": "null"}]}, '{"name": "a", "b": 1}', False),
        (
            {"allOf": [HERON, {"properties": {"wings": {"type": "integer"}}}]},
            '{"name": "a", "wings": 1}',
            True,
        ),
        ({"type": "string", "pattern": "^[a-c]+$"}, '"abc"', True),
        ({"type": "string", "pattern": "^[a-c]+$"}, '"abd"', False),
        ({"enum": ["bird", 7, None]}, "7", True),
        ({}, "[[]]", True),
        ({"type": "integer", "minimum": 3, "maximum": 12}, "13", False),
        ({"type": "object"}, "{" + " " * 40 + "}", False),
    ],
)
def test_a_schema_keeps(schema: dict[str, Any], text: str, is_kept: bool):
    assert keeps(schema, text) == is_kept


def test_a_schema_may_refer_to_itself():
    node = {
        "type": "object",
        "properties": {"next": {"anyOf": [{"type": "null"}, {"$ref": "#/$defs/a"}]}},
    }
    schema = {"$ref": "#/$defs/a", "$defs": {"a": node}}
    assert keeps(schema, '{"next": {"next": {"next": null}}}')
    assert not keeps(schema, '{"next": {"previous": null}}')


def deep(levels: int) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": "string"}
    for _ in range(levels):
        schema = {"type": "array", "items": schema}
    return schema


@pytest.mark.parametrize(
    ("schema", "why"),
    [
        (deep(200), "levels deep"),
        (deep(50_000), "levels deep"),
        ({"const": [[[{}]]] * 1200}, "1000 parts"),
        ({"properties": {f"p{n}": {"type": "string"} for n in range(400)}}, "300 properties"),
        ({"anyOf": [{"properties": {f"p{n}": True for n in range(400)}}]}, "300 properties"),
        ({"enum": ["x" * 70_000]}, "65536 characters"),
        ({"type": "array", "minItems": 2**63 - 1}, "minItems"),
        ({"type": "array", "minItems": -1}, "minItems"),
        ({"type": "string", "maxLength": 1.5}, "maxLength"),
        ({"$defs": {"a": {"type": "string", "maxLength": True}}}, "maxLength"),
        ({"properties": {"a": {"items": [{"minItems": "7"}]}}}, "minItems"),
    ],
)
def test_what_is_beyond_the_bounds_is_refused_with_its_reason(schema: dict[str, Any], why: str):
    with pytest.raises(InvalidParams) as caught:
        to_bounded(schema)
    assert why in caught.value.message


def test_the_callers_schema_is_left_as_it_is():
    before = json.dumps(HERON)
    to_bounded(HERON)
    assert json.dumps(HERON) == before


def test_the_caller_cannot_change_how_it_is_read():
    schema = HERON | {"x-guidance": {"whitespace_pattern": ".*", "lenient": True}}
    assert not keeps(schema, '{"name": "a", anything at all}')
