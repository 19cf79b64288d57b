"""A KV cache as llama.cpp keeps one, in Python: cells with a position, a token and their sequences.

It has no more cells than it was made with and refuses what llama.cpp refuses or gets wrong: a gap
in the positions, a row that sees something missing. What a row "computes" depends on every token
that it sees, so that a text shows whether the memory was right.

With `window` it has a second cache beside the first, in which cells that no row sees any more are
gone at once, as if somebody else had taken them, unless there is `plenty` of them.
"""

from dataclasses import dataclass, field

from ingle.engine.child.work.base import Feed, Value, Want


@dataclass(eq=False)
class Cell:
    pos: int
    token: int
    seqs: set[int]


@dataclass
class FakeCells:
    capacity: int
    can_share: bool = True
    window: int = 0
    plenty: bool = False
    most_used: int = field(default=0, init=False)
    _all: list[Cell] = field(default_factory=list, init=False)
    _near: list[Cell] = field(default_factory=list, init=False)

    # ---- as `memory` uses it

    def remove(self, seq: int, start: int = 0, end: int = -1) -> bool:
        length = self.kept(seq)
        if not self.can_share and start and start < length:
            return False
        last = length if end < 0 else end
        for cells in (self._all, self._near):
            for cell in cells:
                if start <= cell.pos < last:
                    cell.seqs.discard(seq)
            cells[:] = [cell for cell in cells if cell.seqs]
        return True

    def copy(self, source: int, target: int, start: int = 0, end: int = -1) -> None:
        assert source != target
        last = self.kept(source) if end < 0 else end
        assert self.can_share or (not start and last == self.kept(source))
        for cell in self._all + self._near:
            if source in cell.seqs and start <= cell.pos < last:
                assert target not in cell.seqs
                cell.seqs.add(target)

    def rewind(self, seq: int, length: int) -> bool:
        is_cut = self.kept(seq) == length or self.remove(seq, length)
        return is_cut and self.reaches(seq, length)

    def reaches(self, seq: int, length: int) -> bool:
        if not self.window or not length:
            return True
        return 0 <= self._first(seq) <= max(0, length - self.window + 1)

    def is_whole(self, seq: int) -> bool:
        return not self.window or self._first(seq) == 0

    def state(self, seq: int) -> bytes:
        near = max(self._first(seq), self.kept(seq) - self.window) if self.window else 0
        return bytes([near, *self.tokens(seq)])

    def restore(self, seq: int, data: bytes, length: int) -> bool:
        near, *tokens = data
        if len(tokens) != length or len(self._all) + length > self.capacity:
            return False
        for pos, token in enumerate(tokens):
            self._add(pos, token, seq, is_near=pos >= near)
        return True

    # ---- as a step uses it

    def kept(self, seq: int) -> int:
        return max((cell.pos for cell in self._all if seq in cell.seqs), default=-1) + 1

    def tokens(self, seq: int) -> list[int]:
        """What a sequence holds. Fails where there is a gap or something twice."""
        cells = sorted((cell for cell in self._all if seq in cell.seqs), key=lambda cell: cell.pos)
        assert [cell.pos for cell in cells] == list(range(len(cells)))
        return [cell.token for cell in cells]

    def feed(self, feed: Feed) -> list[Value]:
        """Decode the rows of one feed."""
        if feed.copy_of is not None:
            assert self.remove(feed.seq)
            self.copy(feed.copy_of, feed.seq)
        else:
            assert self.rewind(feed.seq, feed.start), "this sequence had to be computed anew"
        assert self.kept(feed.seq) == feed.start, "a gap in the positions"
        seen: list[int] = self.tokens(feed.seq)
        values: list[int] = []
        for pos, token in enumerate(feed.tokens, feed.start):
            assert not self.window or self._sees(feed.seq, pos), "a row does not see what it should"
            self._add(pos, token, feed.seq)
            seen.append(token)
            values.append(next_token(seen))
        self._forget_what_nobody_sees()
        return [self._value(values[want.index], want) for want in feed.wants]

    def _value(self, chosen: int, want: Want) -> Value:
        if want.sampler is not None:
            return chosen
        return [-float(target + chosen) for target in want.targets]

    def _add(self, pos: int, token: int, seq: int, *, is_near: bool = True) -> None:
        assert len(self._all) < self.capacity, "the memory is full"
        self._all.append(Cell(pos, token, {seq}))
        if self.window and is_near:
            self._near.append(Cell(pos, token, {seq}))
        self.most_used = max(self.most_used, len(self._all))

    def _first(self, seq: int) -> int:
        return min((cell.pos for cell in self._near if seq in cell.seqs), default=-1)

    def _sees(self, seq: int, pos: int) -> bool:
        near = {cell.pos for cell in self._near if seq in cell.seqs}
        return near.issuperset(range(max(0, pos - self.window + 1), pos))

    def _forget_what_nobody_sees(self) -> None:
        """Of a sequence whose cell is taken, everything before goes too
        (`llama_kv_cache::apply_ubatch`)."""
        if self.plenty:
            return
        last: dict[int, int] = {}
        for cell in self._near:
            seq = min(cell.seqs)
            if self.window and len(cell.seqs) == 1 and cell.pos <= self.kept(seq) - self.window:
                last[seq] = max(last.get(seq, 0), cell.pos)
        for cell in self._near:
            cell.seqs -= {seq for seq, pos in last.items() if cell.pos <= pos}
        self._near[:] = [cell for cell in self._near if cell.seqs]


def next_token(seen: list[int]) -> int:
    """What the model of these cells writes after `seen`: 1 to 50, and it minds every token."""
    value = 7
    for token in seen:
        value = (value * 31 + token) % 1009
    return value % 50 + 1
