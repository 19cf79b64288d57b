"""Which grammars and schemas may reach llama.cpp, and a JSON schema in llama.cpp's own language.

llama.cpp parses by recursion and expands repetitions, so size and depth are bounded here, before
it sees anything; what is wrong with the grammar itself it says with a null pointer (`sampling`).
"""

import json
import re
from typing import Any

from llama_cpp.llama_grammar import json_schema_to_gbnf

from ingle.errors import InvalidParams

MAX_GRAMMAR_CHARS = 64 * 1024
MAX_RULES = 1000
MAX_DEPTH = 50
"""Of parentheses in a grammar and of nested schemas: deep ones overflow the parser's stack."""
MAX_SCHEMAS = 300
"""Nodes of a JSON schema; optional properties cost their square in rules."""
MAX_REPEAT = 2000
"""llama.cpp's own limit for one repetition."""

_LITERALS = re.compile(r'"(?:\\.|[^"\\])*"|\[(?:\\.|[^\]\\])*\]|#[^\n]*', re.DOTALL)
_COUNTS = ("minItems", "maxItems", "minLength", "maxLength")
_ONE = ("items", "additionalProperties")
_MANY = ("prefixItems", "items", "anyOf", "oneOf", "allOf")
_NAMED = ("properties", "$defs", "definitions")
_REFERENCE = re.compile(r"#/(\$defs|definitions)/([^/]+)")
_ROOT = re.compile(r"^\s*root\s*::=", re.MULTILINE)


def check_grammar(text: str) -> str:
    """The grammar itself, if llama.cpp can be given it. Raises `InvalidParams`."""
    if len(text) > MAX_GRAMMAR_CHARS:
        raise InvalidParams(f"a grammar may have {MAX_GRAMMAR_CHARS} characters at most")
    if "\0" in text:
        raise InvalidParams("a grammar may not contain a null character")
    bare = _LITERALS.sub("", text)
    if not _ROOT.search(bare):
        raise InvalidParams("a grammar needs a rule `root`")
    if bare.count("::=") > MAX_RULES:
        raise InvalidParams(f"a grammar may have {MAX_RULES} rules at most")
    if _depth(bare) > MAX_DEPTH:
        raise InvalidParams(f"parentheses in a grammar may be {MAX_DEPTH} deep at most")
    return text


def _depth(bare: str) -> int:
    deepest = depth = 0
    for bracket in re.findall(r"[()]", bare):
        depth += 1 if bracket == "(" else -1
        deepest = max(deepest, depth)
    return deepest


def from_schema(schema: dict[str, Any]) -> str:
    """GBNF for a JSON schema. Raises `InvalidParams` for what cannot be expressed."""
    _check_schema(schema)
    try:
        grammar: str = json_schema_to_gbnf(json.dumps(_unfolded(schema)))
    except (ValueError, KeyError, TypeError, AttributeError, IndexError) as error:
        raise InvalidParams(f"the schema cannot be turned into a grammar: {error}") from None
    except AssertionError as error:
        raise InvalidParams(f"the schema uses what is not supported: {error}") from None
    except RecursionError:
        raise InvalidParams("the schema is nested too deeply") from None
    return check_grammar(grammar)


def _unfolded(schema: dict[str, Any]) -> dict[str, Any]:
    """The converter does not look beside a `$ref`: at the root its definition takes its place."""
    found = _REFERENCE.fullmatch(schema.get("$ref", ""))
    if not found:
        return schema
    section, name = found.groups()
    return {**schema[section][name], section: schema[section]}


def _check_schema(schema: Any) -> None:
    """Bound everything that the converter expands, and refuse what it cannot read in finite time."""
    pending, seen = [(schema, 0)], 0
    while pending:
        node, depth = pending.pop()
        seen += 1
        if seen > MAX_SCHEMAS:
            raise InvalidParams(f"a schema may have {MAX_SCHEMAS} parts at most")
        if depth > MAX_DEPTH:
            raise InvalidParams(f"a schema may be {MAX_DEPTH} levels deep at most")
        if isinstance(node, dict):
            _check_node(node)
            pending += [(child, depth + 1) for child in _children(node)]


def _check_node(node: dict[str, Any]) -> None:
    if "pattern" in node:
        raise InvalidParams("a schema with `pattern` is not supported; send a grammar")
    for name in _COUNTS:
        value = node.get(name, 0)
        if type(value) is not int or not 0 <= value <= MAX_REPEAT:
            raise InvalidParams(f"`{name}` is a whole number from 0 to {MAX_REPEAT}")
    reference = node.get("$ref", "#/$defs/none")
    if not isinstance(reference, str) or not _REFERENCE.fullmatch(reference):
        raise InvalidParams("`$ref` may only name something in `$defs` or `definitions`")


def _children(node: dict[str, Any]) -> list[Any]:
    found = [node[name] for name in _ONE if isinstance(node.get(name), dict)]
    for name in _MANY:
        if isinstance(node.get(name), list):
            found += node[name]
    for name in _NAMED:
        if isinstance(node.get(name), dict):
            found += node[name].values()
    return found
