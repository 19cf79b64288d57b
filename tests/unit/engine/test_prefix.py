"""The radix tree against what it stands for: a set of (key, beginning) pairs for each sequence."""

from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from ingle.engine.child.prefix import PrefixTree

KEYS = st.sampled_from(["", "adapter:1.0"])
TOKENS = st.lists(st.integers(0, 2), max_size=8)
SEQS = st.integers(0, 5)


@dataclass
class Model:
    """What the tree is to say, by brute force."""

    held: dict[int, tuple[str, list[int]]] = field(default_factory=dict)
    pinned: set[int] = field(default_factory=set)

    def cells(self, seqs: set[int]) -> int:
        pairs = (self.held[seq] for seq in seqs)
        return len({(key, *tokens[: end + 1]) for key, tokens in pairs for end in range(len(tokens))})

    def common(self, seq: int, key: str, tokens: list[int]) -> int:
        own, held = self.held[seq]
        if own != key:
            return 0
        pairs = enumerate(zip(held, tokens, strict=False))
        return next((i for i, (a, b) in pairs if a != b), min(len(held), len(tokens)))

    def longest(self, key: str, tokens: list[int], among: set[int]) -> tuple[int, set[int]]:
        lengths = {seq: self.common(seq, key, tokens) for seq in among}
        best = max(lengths.values(), default=0)
        return best, {seq for seq, length in lengths.items() if length == best > 0}


class Agreement(RuleBasedStateMachine):
    """Whatever is put, extended, trimmed, dropped and given up: the tree and the model agree."""

    def __init__(self) -> None:
        super().__init__()
        self.tree, self.model = PrefixTree(), Model()

    @rule(seq=SEQS, key=KEYS, tokens=TOKENS, is_pinned=st.booleans())
    def put(self, seq: int, key: str, tokens: list[int], is_pinned: bool) -> None:
        if seq in self.model.held:
            key, held = self.model.held[seq]
            tokens = held + tokens
        self.tree.put(seq, key, tokens, is_pinned=is_pinned)
        self.model.held[seq] = (key, tokens)
        (self.model.pinned.add if is_pinned else self.model.pinned.discard)(seq)

    @precondition(lambda self: self.model.held)
    @rule(data=st.data())
    def trim(self, data: st.DataObject) -> None:
        seq = data.draw(st.sampled_from(sorted(self.model.held)))
        _, tokens = self.model.held[seq]
        keep = data.draw(st.integers(0, len(tokens)))
        self.tree.trim(seq, keep)
        self._trimmed(seq, keep)

    @rule(cells=st.integers(1, 6))
    def give_up(self, cells: int) -> None:
        before = self.model.cells(set(self.model.held))
        pinned = self.model.cells(self.model.pinned)
        while (freed := before - self.tree.cells) < cells:
            choice = self.tree.cheapest(cells - freed)
            if choice is None:
                assert self.tree.cells == pinned
                return
            seq, keep = choice
            assert seq not in self.model.pinned
            self.tree.trim(seq, keep)
            self._trimmed(seq, keep)
        assert freed == cells

    @rule()
    def give_up_a_sequence(self) -> None:
        seq = self.tree.cheapest_sequence()
        if seq is None:
            assert self.model.pinned == set(self.model.held)
            return
        assert seq not in self.model.pinned
        self.tree.drop(seq)
        self._trimmed(seq, 0)

    @precondition(lambda self: self.model.held)
    @rule(data=st.data())
    def drop_the_redundant(self, data: st.DataObject) -> None:
        before = self.tree.cells
        for seq in self.tree.redundant(data.draw(st.sampled_from(sorted(self.model.held)))):
            assert seq not in self.model.pinned
            self.tree.drop(seq)
            self._trimmed(seq, 0)
        assert self.tree.cells == before

    def _trimmed(self, seq: int, keep: int) -> None:
        key, tokens = self.model.held.pop(seq)
        if keep:
            self.model.held[seq] = (key, tokens[:keep])
        else:
            self.model.pinned.discard(seq)

    @invariant()
    def counts_are_exact(self) -> None:
        everyone = set(self.model.held)
        assert self.tree.cells == self.model.cells(everyone)
        assert self.tree.held_by(self.model.pinned) == self.model.cells(self.model.pinned)
        for seq, (_, tokens) in self.model.held.items():
            assert self.tree.tokens(seq) == tokens
            assert self.tree.length(seq) == len(tokens)

    @rule(key=KEYS, tokens=TOKENS, among=st.none() | st.sets(SEQS))
    def matches_are_the_longest(self, key: str, tokens: list[int], among: set[int] | None) -> None:
        everyone = set(self.model.held)
        best = self.model.longest(key, tokens, everyone if among is None else everyone & among)
        found = self.tree.match(key, tokens, among)
        assert (found.length, set(found.holders)) == best


TestAgreement = Agreement.TestCase


def test_a_sequence_cannot_change_what_it_holds():
    tree = PrefixTree()
    tree.put(1, "", [1, 2, 3])
    for key, tokens in (("", [1, 2]), ("", [1, 2, 4, 5]), ("other", [1, 2, 3, 4])):
        with pytest.raises(ValueError, match="sequence 1"):
            tree.put(1, key, tokens)
    assert tree.tokens(1) == [1, 2, 3]


def test_what_was_computed_under_one_adapter_is_nothing_to_another():
    tree = PrefixTree()
    tree.put(1, "", [1, 2, 3])
    assert tree.match("adapter", [1, 2, 3]).length == 0
    tree.put(2, "adapter", [1, 2, 3])
    assert tree.cells == 6


def test_the_end_of_the_least_used_path_goes_first_and_only_as_far_as_needed():
    tree = PrefixTree()
    tree.put(1, "", [*range(100), *range(200, 250)])
    tree.put(2, "", [*range(100), *range(300, 350)])
    tree.put(3, "", [*range(100), *range(300, 350)])
    assert tree.cheapest(20) == (1, 130)
    assert tree.cheapest(1000) == (1, 0)
    tree.drop(1)
    assert tree.redundant(3) == [2]


def test_what_somebody_waits_for_goes_last():
    tree = PrefixTree()
    tree.put(1, "", [1] * 10, is_awaited=True)
    for seq in range(2, 5):
        tree.put(seq, "", [2] * 10)
    assert tree.cheapest_sequence() != 1
    for seq in range(2, 5):
        tree.drop(seq)
    assert tree.cheapest(3) == (1, 7)


@given(st.integers(1, 50))
def test_a_favourite_of_yesterday_is_given_up_some_day(uses: int):
    """Ageing: what is new is worth as much as an old favourite, in the end."""
    tree = PrefixTree()
    for seq in range(uses):
        tree.put(seq, "", [1] * 4)
    for seq in range(1, uses):
        tree.drop(seq)
    for number in range(2, 10 * uses + 10):
        tree.put(1000 + number, "", [number] * 4)
        choice = tree.cheapest(4)
        assert choice is not None
        tree.trim(*choice)
        if choice[0] == 0:
            return
    pytest.fail("it was never given up")


def test_deep_tokens_are_dearer_than_first_ones():
    tree = PrefixTree()
    tree.put(1, "", [1] * 5000)
    tree.put(2, "", [1] * 5000 + [2] * 10)
    tree.put(3, "", [3] * 10)
    tree.drop(1)
    assert tree.cheapest(1) == (3, 9)
