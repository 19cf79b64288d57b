"""How a token is chosen from one row of logits, without a model."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from ingle.engine.child.constraint import Constraints
from ingle.engine.child.sampling import SEEDS, Choice, Sampler
from ingle.errors import InvalidParams

PIECES = [b"", b"a", b"b", b"ab", "é".encode()[:1], "é".encode()[1:], b" ", b"-", b"--------"]
END = 0


class Vocabulary:
    size = len(PIECES)

    def piece(self, token: int) -> bytes:
        return PIECES[token]

    def is_end(self, token: int) -> bool:
        return token == END


class Rows:
    """One row that stays, or changes with each step."""

    def __init__(self, *rows: list[float]) -> None:
        self._rows = [np.array(row, np.float32) for row in rows]

    def logits(self, row: int) -> NDArray[np.float32]:
        return self._rows[row % len(self._rows)]


def row(*best: int) -> list[float]:
    """The likeliest first."""
    return [
        float(len(best) - best.index(token)) if token in best else 0.0 for token in range(len(PIECES))
    ]


def written(sampler: Sampler, rows: Any, most: int = 20) -> bytes:
    found = b""
    for step in range(most):
        token = sampler.pick(rows, step)
        if token is None or token == END:
            break
        found += PIECES[token]
        if sampler.is_complete:
            break
    sampler.close()
    return found


def kept(grammar: str, choice: Choice | None = None) -> Sampler:
    constraint = Constraints(Vocabulary()).of_grammar(grammar)
    return Sampler(choice or Choice(), Vocabulary.size, constraint)


def test_at_temperature_zero_the_likeliest_is_taken():
    assert written(Sampler(Choice(), Vocabulary.size), Rows(row(3, 1)), 3) == b"ababab"


def test_a_tiny_temperature_is_none():
    choice = Choice(temperature=5e-324, seed=1)
    assert written(Sampler(choice, Vocabulary.size), Rows(row(3, 1)), 2) == b"abab"


def test_the_penalty_is_llama_cpps_at_any_sign():
    """Divided where positive, multiplied where negative; for what was chosen only."""
    sampler = Sampler(Choice(repeat_penalty=2.0), 3)
    assert [sampler.pick(Rows([4.0, 3.0, -9.0]), 0) for _ in range(3)] == [0, 1, 0]
    sampler = Sampler(Choice(repeat_penalty=2.0), 3)
    assert [sampler.pick(Rows([-2.0, -3.0, -9.0]), 0) for _ in range(2)] == [0, 1]


def test_the_logits_are_left_as_they_are():
    rows = Rows([4.0, 3.0, -9.0])
    sampler = Sampler(Choice(repeat_penalty=2.0), 3)
    for _ in range(3):
        sampler.pick(rows, 0)
    assert rows.logits(0).tolist() == [4.0, 3.0, -9.0]


@given(st.integers(0, SEEDS - 1))
def test_every_seed_reproduces(seed: int):
    choice = Choice(temperature=2.0, top_k=6, top_p=0.95, min_p=0.01, repeat_penalty=1.1, seed=seed)
    first, again = (
        written(Sampler(choice, Vocabulary.size), Rows(row(1, 2, 3, 6, 7))) for _ in range(2)
    )
    assert first == again


def test_without_a_seed_texts_differ():
    choice = Choice(temperature=5.0)
    texts = {written(Sampler(choice, Vocabulary.size), Rows(row(1, 2, 3, 6, 7))) for _ in range(8)}
    assert len(texts) > 1


@pytest.mark.parametrize(
    "choice", [Choice(), Choice(temperature=1.0, seed=1), Choice(repeat_penalty=1.5)]
)
def test_a_grammar_keeps_what_the_model_wants_least(choice: Choice):
    assert written(kept('root ::= "ba" "-"{9}', choice), Rows(row(3, 6))) == b"ba---------"


def test_a_character_may_be_made_of_several_tokens():
    assert written(kept('root ::= "é" [ab]'), Rows(row(2, 4))) == "éb".encode()


def test_the_end_may_come_only_where_the_text_is_complete():
    assert written(kept('root ::= "ab"{1,3}'), Rows(row(END, 7))) == b"ab"


def test_nothing_follows_what_is_complete():
    sampler = kept('root ::= "a"')
    assert sampler.pick(Rows(row(2)), 0) == 1
    assert sampler.is_complete
    assert sampler.pick(Rows(row(2)), 0) in (None, END)


def test_a_grammar_that_gets_too_ambiguous_ends_in_an_error():
    sampler = kept('root ::= ("-"?){0,1500} "a"', Choice())
    assert sampler.error is None
    while sampler.error is None and sampler.pick(Rows(row(8, 7)), 0) is not None:
        pass
    assert isinstance(sampler.error, InvalidParams)
    assert len(sampler.error.message) < 200


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("grammar", 'root ::= "x"'),
        ("schema", {"not": {}}),
        ("schema", {"enum": []}),
        ("schema", {"$ref": "#"}),
    ],
)
def test_what_no_text_can_satisfy_is_refused(kind: str, value: Any):
    """The first is good GBNF, but this vocabulary has no `x`."""
    constraints = Constraints(Vocabulary())
    with pytest.raises(InvalidParams, match=kind):
        constraints.of_grammar(value) if kind == "grammar" else constraints.of_schema(value)


@pytest.mark.parametrize(
    "wrong",
    [
        {"temperature": float("nan")}, {"temperature": -0.1}, {"temperature": 11.0}, {"top_p": 1.1},
        {"top_k": -1}, {"min_p": -1.0}, {"repeat_penalty": 0.0}, {"seed": SEEDS}, {"seed": -1},
    ],
)  # fmt: skip
def test_numbers_out_of_range_are_refused_by_name(wrong: dict[str, Any]):
    with pytest.raises(InvalidParams, match=next(iter(wrong))):
        Choice(**wrong).check()
