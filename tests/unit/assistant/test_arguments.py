"""Arguments of skills: what is missing, unknown or of the wrong kind is named."""

from typing import Any

import pytest

from ingle.assistant.arguments import MAX_CHARS, Arg, bound
from ingle.errors import InvalidParams

TONE = {"tone": Arg(help="how it sounds", default="polite")}
LABELS = {"labels": Arg(help="to choose from", required=True, kind="list", least=2)}
SCHEMA = {"schema": Arg(help="which facts", required=True, kind="schema")}


def test_defaults_fill_what_is_not_given() -> None:
    assert bound("rewrite", TONE, {}) == {"tone": "polite"}
    assert bound("rewrite", TONE, {"tone": " short "}) == {"tone": "short"}


@pytest.mark.parametrize("given", [["bill", " joke ", "bill"], "bill, joke,", "joke,bill"])
def test_a_list_comes_as_a_list_or_as_one_text(given: Any) -> None:
    assert sorted(bound("classify", LABELS, {"labels": given})["labels"]) == ["bill", "joke"]


def test_a_schema_comes_as_an_object_or_as_its_text() -> None:
    assert bound("extract", SCHEMA, {"schema": '{"type": "object"}'}) == {"schema": {"type": "object"}}
    assert bound("extract", SCHEMA, {"schema": {"type": "object"}}) == {"schema": {"type": "object"}}


@pytest.mark.parametrize(
    ("args", "given", "word"),
    [
        (TONE, {"voice": "low"}, "voice"),
        (LABELS, {}, "labels"),
        (LABELS, {"labels": ["one", "one"]}, "2 different"),
        (LABELS, {"labels": 3}, "list"),
        (LABELS, {"labels": ["a", 3]}, "list"),
        (LABELS, {"labels": ["a" * MAX_CHARS, "b"]}, "at most"),
        (TONE, {"tone": 3}, "text"),
        (TONE, {"tone": "  "}, "text"),
        (TONE, {"tone": "x" * (MAX_CHARS + 1)}, "at most"),
        (SCHEMA, {"schema": "{"}, "JSON"),
        (SCHEMA, {"schema": "[]"}, "object"),
    ],
)
def test_what_does_not_fit_is_named(args: dict[str, Arg], given: dict[str, Any], word: str) -> None:
    with pytest.raises(InvalidParams, match=word):
        bound("skill", args, given)


def test_an_argument_says_what_it_is() -> None:
    assert TONE["tone"].described == "how it sounds (default: polite)"
    assert LABELS["labels"].described == "to choose from (required)"
    assert Arg(help="free").described == "free"
