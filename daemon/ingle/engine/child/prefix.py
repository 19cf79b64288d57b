"""What the KV cache holds, as a radix tree over tokens: who shares what, and what goes first.

Sequences that begin alike share a path, as in SGLang's RadixAttention (Zheng et al., "SGLang:
Efficient Execution of Structured Language Model Programs", 2024, section 3). There a node owns
memory; here it names the sequences that hold its tokens, because llama.cpp copies from sequences.
A path belongs to a key: what was computed under one adapter is nothing to another.

Eviction is GreedyDual-Size-Frequency (Cherkasova, "Improving WWW Proxies Performance with
Greedy-Dual-Size-Frequency Caching", HP Labs 1998): what is worth least for its size goes first,
worth is uses times the cost of computing it again, and everything ages by what was given up. It
goes token by token from the end of a path, as far as room is needed: a beginning is of use to more.

Pure: it knows neither llama.cpp nor requests. Whoever uses it keeps the real memory in agreement.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field

DOUBLE_COST_AT = 2048
"""Reading a token this deep takes about twice the time of a first one: attention grows with depth."""

BLOCK = 256
"""Tokens that are compared at a time."""


@dataclass(frozen=True, slots=True)
class Match:
    """The longest beginning that is held, and by which sequences (none for length 0)."""

    length: int = 0
    holders: tuple[int, ...] = ()


@dataclass(eq=False, slots=True)
class _Node:
    """A run of tokens that all of `holders` have in common; `start` is its first one's position."""

    tokens: list[int]
    start: int
    parent: "_Node | None"
    holders: set[int]
    uses: int = 1
    worth: float = 0.0
    touched: int = 0
    """When it was used last, in uses of the tree: of two that are worth the same the older one goes."""
    children: "dict[int, _Node]" = field(default_factory=dict)

    @property
    def end(self) -> int:
        return self.start + len(self.tokens)

    @property
    def cost(self) -> float:
        """Of computing one of its tokens again, on average; 1 for a first token."""
        return 1 + (self.start + self.end) / 2 / DOUBLE_COST_AT


@dataclass(slots=True)
class _Entry:
    """A sequence: where it ends, under which key, and whether it may be given up."""

    node: _Node
    key: str
    is_pinned: bool
    is_awaited: bool = False


class PrefixTree:
    """Which sequence holds which tokens. `cells` counts distinct (key, beginning) pairs."""

    def __init__(self) -> None:
        self._roots: dict[str, _Node] = {}
        self._entries: dict[int, _Entry] = {}
        self._age = 0.0
        self._uses = 0
        self.cells = 0

    # ---- looking

    def __contains__(self, seq: int) -> bool:
        return seq in self._entries

    def length(self, seq: int) -> int:
        """Tokens of a sequence; 0 for one that is not here."""
        entry = self._entries.get(seq)
        return entry.node.end if entry else 0

    def key(self, seq: int) -> str:
        return self._entries[seq].key

    def own(self, seq: int) -> int:
        """Tokens at its end that no other sequence holds."""
        return sum(len(node.tokens) for node in self._path(seq) if len(node.holders) == 1)

    def tokens(self, seq: int) -> list[int]:
        return [token for node in self._path(seq) for token in node.tokens]

    def match(self, key: str, tokens: Sequence[int], among: Collection[int] | None = None) -> Match:
        """The longest beginning of `tokens` that a sequence (one of `among`) holds."""
        found = Match()
        for node, agreeing in self._walk(key, tokens):
            holders = node.holders if among is None else node.holders.intersection(among)
            if not holders:
                break
            found = Match(node.start + agreeing, tuple(sorted(holders)))
        return found

    def held_by(self, seqs: Collection[int]) -> int:
        """Distinct cells that any of `seqs` holds."""
        return sum(len(node.tokens) for node in self._nodes() if not node.holders.isdisjoint(seqs))

    # ---- changing

    def put(
        self,
        seq: int,
        key: str,
        tokens: Sequence[int],
        *,
        is_pinned: bool = False,
        is_awaited: bool = False,
    ) -> None:
        """Say what a sequence holds: new, or longer than before. `is_pinned` keeps all of it,
        `is_awaited` gives it up last.

        Raises `ValueError` where it held something else before.
        """
        self._uses += 1
        before = self.length(seq)
        if before and self.match(key, tokens, (seq,)).length < before:
            raise ValueError(f"sequence {seq} holds other tokens than it is said to")
        node = self._roots.setdefault(key, _Node([], 0, None, set()))
        position = 0
        while position < len(tokens):
            node = self._step(node, tokens, position, seq)
            position = node.end
        self._entries[seq] = _Entry(node, key, is_pinned, is_awaited)

    def unpin(self, seq: int, *, is_awaited: bool = False) -> None:
        """A sequence may be given up from now on."""
        entry = self._entries[seq]
        entry.is_pinned, entry.is_awaited = False, is_awaited

    def drop(self, seq: int) -> None:
        """A sequence holds nothing any more."""
        self.trim(seq, 0)

    def trim(self, seq: int, length: int) -> None:
        """A sequence holds only its first `length` tokens; with 0 it is gone."""
        entry = self._entries[seq]
        node = entry.node
        while node.parent is not None and node.start >= length:
            parent = node.parent
            self._leave(node, seq)
            node = parent
        if node.parent is not None and node.end > length:
            lower = self._split(node, length - node.start)
            self._leave(lower, seq)
        entry.node = node
        if not length:
            del self._entries[seq]

    # ---- giving up

    def cheapest(self, cells: int) -> tuple[int, int] | None:
        """Which sequence to trim, and to what length, to free up to `cells` cells where they are
        worth least; None where everything is pinned.

        Length 0 says that what is left of it is held by others too.
        """
        leaf = min(
            (node for node in self._nodes() if not node.children and not self._is_pinned(node)),
            key=lambda node: (self._is_awaited(node), node.worth, node.touched),
            default=None,
        )
        if leaf is None:
            return None
        self._age = max(self._age, leaf.worth)
        seq = min(leaf.holders)
        keep = leaf.end - min(cells, len(leaf.tokens))
        parent = leaf.parent
        assert parent is not None
        is_needless = keep == leaf.start and (not keep or len(parent.holders) > 1)
        return seq, 0 if is_needless else keep

    def cheapest_sequence(self) -> int | None:
        """Which sequence to drop for its number's sake; None where all are pinned."""
        free = [seq for seq, entry in self._entries.items() if not entry.is_pinned]
        return min(free, key=self._rank, default=None)

    def redundant(self, seq: int) -> list[int]:
        """Others that hold nothing but a beginning of `seq`, and that nobody waits for."""
        path = set(map(id, self._path(seq)))
        return [
            other
            for other, entry in self._entries.items()
            if other != seq and not (entry.is_pinned or entry.is_awaited) and id(entry.node) in path
        ]

    def _rank(self, seq: int) -> tuple[bool, bool, float, int]:
        """Those first whose every token others hold too."""
        entry = self._entries[seq]
        node = entry.node
        return entry.is_awaited, len(node.holders) == 1, node.worth, node.touched

    # ---- the nodes

    def _nodes(self) -> Iterator[_Node]:
        pending = [child for root in self._roots.values() for child in root.children.values()]
        while pending:
            node = pending.pop()
            pending.extend(node.children.values())
            yield node

    def _path(self, seq: int) -> list[_Node]:
        found: list[_Node] = []
        node: _Node | None = self._entries[seq].node
        while node is not None and node.parent is not None:
            found.append(node)
            node = node.parent
        return found[::-1]

    def _walk(self, key: str, tokens: Sequence[int]) -> Iterator[tuple[_Node, int]]:
        """The nodes along `tokens`, and how many tokens of each agree."""
        node = self._roots.get(key)
        while node is not None and node.end < len(tokens):
            child = node.children.get(tokens[node.end])
            if child is None:
                return
            agreeing = common(child.tokens, tokens, child.start)
            yield child, agreeing
            node = child if agreeing == len(child.tokens) else None

    def _step(self, node: _Node, tokens: Sequence[int], position: int, seq: int) -> _Node:
        """The child of `node` that begins at `position`, made or split as needed, now held by `seq`."""
        child = node.children.get(tokens[position])
        if child is None:
            child = _Node(list(tokens[position:]), position, node, {seq})
            node.children[tokens[position]] = child
            self.cells += len(child.tokens)
            self._appraise(child)
            return child
        agreeing = common(child.tokens, tokens, position)
        if agreeing < len(child.tokens):
            self._split(child, agreeing)
        if seq not in child.holders:
            child.holders.add(seq)
            child.uses += 1
            self._appraise(child)
        return child

    def _appraise(self, node: _Node) -> None:
        node.worth = self._age + node.uses * node.cost
        node.touched = self._uses

    def _split(self, node: _Node, at: int) -> _Node:
        """Cut a node in two; gives the lower one, `node` stays the upper. They are never joined
        again: from now on they are used differently often."""
        lower = _Node(node.tokens[at:], node.start + at, node, set(node.holders), node.uses)
        lower.worth, lower.touched, lower.children = node.worth, node.touched, node.children
        for child in lower.children.values():
            child.parent = lower
        for seq in lower.holders:
            if self._entries[seq].node is node:
                self._entries[seq].node = lower
        node.tokens = node.tokens[:at]
        node.children = {lower.tokens[0]: lower}
        return lower

    def _leave(self, node: _Node, seq: int) -> None:
        """`seq` holds `node` no more; the node goes with its last holder."""
        node.holders.discard(seq)
        parent = node.parent
        if not node.holders and parent is not None:
            del parent.children[node.tokens[0]]
            self.cells -= len(node.tokens)

    def _is_pinned(self, node: _Node) -> bool:
        return any(self._entries[seq].is_pinned for seq in node.holders)

    def _is_awaited(self, node: _Node) -> bool:
        return any(self._entries[seq].is_awaited for seq in node.holders)


def common(edge: Sequence[int], tokens: Sequence[int], start: int = 0) -> int:
    """How many of the first tokens of `edge` stand in `tokens` from `start` on."""
    most = min(len(edge), len(tokens) - start)
    for at in range(0, most, BLOCK):
        end = min(at + BLOCK, most)
        if list(edge[at:end]) != list(tokens[start + at : start + end]):
            pairs = zip(edge[at:end], tokens[start + at : start + end], strict=True)
            return at + next(index for index, (one, other) in enumerate(pairs) if one != other)
    return most
