"""Results are bounded, told once, and go with what they were made of."""

from typing import Any

import pytest

from ingle.context.results import KeptResult, Results, kind_of
from ingle.context.retention import due
from ingle.errors import NotFound


def result(text: str = "x", *sources: str, born: float = 0.0) -> KeptResult:
    return KeptResult("summary", "t", text, "o", frozenset(sources), born=born)


def test_the_newest_are_kept_and_each_is_told() -> None:
    told: list[Any] = []
    results = Results(2, 60, lambda *event: told.append(event))
    ids = [results.keep(result(text)) for text in "abc"]
    assert [each.text for each in results.newest()] == ["c", "b"]
    ready = [data for topic, name, data in told if (topic, name) == ("skill", "result.ready")]
    assert [data["id"] for data in ready] == ids
    data = ready[0]
    assert told[-1] == ("skill", "result.ready", ready[-1])
    assert data == {"id": ids[0], "kind": "summary", "title": "t", "origin": "o"}
    with pytest.raises(NotFound, match=r"no result"):
        results.get(ids[0])


def test_what_was_made_of_an_item_goes_with_it() -> None:
    results = Results(10, 60, lambda *_: None)
    for each in (result("a", "1"), result("b", "1", "2"), result("c", "2"), result("d")):
        results.keep(each)
    results.forget_made_of({"1"})
    assert [(each.text, each.item) for each in results.newest()] == [("d", None), ("c", "2")]


def test_whatever_goes_is_told() -> None:
    told: list[Any] = []
    results = Results(2, 60, lambda *event: told.append(event))
    ids = [results.keep(result(text, text)) for text in "abc"]
    results.forget_made_of({"c"})
    results.forget([ids[0], ids[1]])
    gone = [data["ids"] for _, name, data in told if name == "result.forgotten"]
    assert gone == [[ids[0]], [ids[2]], [ids[1]]]


def test_results_grow_old_as_items_do() -> None:
    results = Results(10, 100, lambda *_: None)
    old, young = result(born=0.0), result(born=50.0)
    results.keep(old)
    results.keep(young)
    assert due(results, 100) == [old.id]


def test_a_result_is_named_after_what_it_is() -> None:
    assert [kind_of(skill) for skill in ("summarize", "ask", "rewrite", "my-own")] == [
        "summary", "answer", "rewrite", "my-own",
    ]  # fmt: skip
