"""JSON of several parts becomes one."""

from typing import Any

import pytest

from ingle.assistant.merging import merged


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([], None),
        ([{"a": ""}, {"a": "x"}], {"a": "x"}),
        ([{"a": ["x"]}, {"a": ["y", "x"]}], {"a": ["x", "y"]}),
        ([{"a": 1, "b": None}, {"a": 2, "b": {"c": 3}}], {"a": 1, "b": {"c": 3}}),
        ([{"a": ""}, {"a": ""}], {"a": ""}),
        ([[1], [2, 1]], [1, 2]),
        (["", "x", "y"], "x"),
        ([{"a": 1}, "x"], {"a": 1}),
    ],
)
def test_what_several_parts_say_is_said_once(values: list[Any], expected: Any) -> None:
    assert merged(values) == expected
