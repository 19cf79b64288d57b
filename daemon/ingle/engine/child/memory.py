"""What is in the KV cache: the tree of what is held (`prefix`), the sequence numbers (`slots`) and
llama.cpp's own memory, kept in agreement.

A request starts with the longest beginning that any sequence holds, running ones as far as they
are read; nothing is copied for it. What it computed stays when it ends, as far as there is room for
what nobody uses, and then goes to ordinary memory (`shelf`), from where it is put back. Where two
computed the same at the same time, one of both is forgotten: cells are counted as the tree counts
them. A request that gives way keeps its cells as long as nobody needs them, then it goes the same
way, and where the shelf is full it is computed anew.

A recurrent model's memory cannot be cut: there nothing is shared, and a state on the shelf serves
whoever goes on from its very end. A work with a context of its own has all its memory there.
Called between steps only.
"""

from collections.abc import Collection, Sequence
from typing import Protocol

from ingle.engine.child.prefix import Match, PrefixTree, common
from ingle.engine.child.scheduler import BACKGROUND
from ingle.engine.child.shelf import Shelf, State
from ingle.engine.child.slots import Grant, Slots
from ingle.engine.child.work.base import Work

LEAST_TOKENS = 16
"""A shorter beginning is computed faster than it is looked after."""
LEAST_SHELVED = 64


class Cells(Protocol):
    """llama.cpp's memory: `llama.context.Context`."""

    @property
    def can_share(self) -> bool: ...

    @property
    def window(self) -> int: ...

    def remove(self, seq: int, start: int = 0, end: int = -1) -> bool: ...

    def copy(self, source: int, target: int, start: int = 0, end: int = -1) -> None: ...

    def rewind(self, seq: int, length: int) -> bool: ...

    def reaches(self, seq: int, length: int) -> bool: ...

    def is_whole(self, seq: int) -> bool: ...

    def state(self, seq: int) -> State: ...

    def restore(self, seq: int, data: State, length: int) -> bool: ...


class Memory:
    """Gives a work its sequences and takes them back; `slots` says how much there is."""

    def __init__(self, cells: Cells, slots: Slots, shelf_bytes: int) -> None:
        self._cells, self._slots = cells, slots
        self._tree = PrefixTree()
        self._running: dict[int, Work] = {}
        """By sequence."""
        self._awaited: dict[int, int] = {}
        """Sequences of requests that gave way, and those requests' keys."""
        self._twice: dict[int, int] = {}
        """Cells of a sequence that the tree does not count, because others hold the same: with a
        window they cannot always be given up for those."""
        self._shelf = Shelf(shelf_bytes)
        self._passing: set[int] = set()
        """Sequences that background work left: kept while there is room, not worth a shelf."""

    # ---- before

    def needed(self, work: Work, without: Collection[Work] = ()) -> int:
        """Cells in use if `work` ran beside all that run now, except for those `without`.

        What is only kept for later is not in it.
        """
        gone = {_grant(other).seq for other in without if other.context is None}
        seqs = [seq for seq in self._running if seq not in gone]
        if work.context is not None:
            return self._used_by(seqs)
        shared = 0  # with a window it depends on what is overwritten until then
        if not self._cells.window:
            shared = self._tree.match(work.prefix_key, self._shared(work), seqs).length
        return self._used_by(seqs) + work.cells - shared

    def _used_by(self, seqs: Collection[int]) -> int:
        """Cells that these running sequences fill or may fill."""
        twice = sum(self._twice.get(seq, 0) for seq in seqs)
        return self._reserved(seqs) + self._tree.held_by(seqs) + twice

    @property
    def _held(self) -> int:
        """Cells that are filled, beside those that are only reserved."""
        return self._tree.cells + sum(self._twice.values())

    def _reserved(self, seqs: Collection[int]) -> int:
        """Cells that these sequences may still fill beside those that the tree knows of."""
        return sum(_grant(self._running[seq]).cells - self._tree.length(seq) for seq in seqs)

    def _shared(self, work: Work) -> Sequence[int]:
        """Tokens that it may have in common with other sequences."""
        return work.reusable if self._cells.can_share and work.may_share else []

    def _held_by(self, work: Work) -> Sequence[int]:
        """Tokens that it may leave to others."""
        return work.held if work.may_share else []

    # ---- start and end

    def seat(self, key: int, work: Work) -> None:
        """Give `work` its sequences, with as much in memory as there is for it. There has to be
        room (`needed`)."""
        if work.context is not None:
            work.grant = Grant(0, (), 0)
            return
        seq, *copies = [self._number() for _ in range(1 + work.copies)]
        work.grant = Grant(seq, tuple(copies), work.cells)
        self._running[seq] = work
        length = self._put_back(seq, work) or self._share(seq, work)
        self._make_room()
        self.forget(key)
        self._drop_redundant(seq)
        work.resume(length)

    def _put_back(self, seq: int, work: Work) -> int:
        """Begin with a state from the shelf, where it has clearly more than is in memory."""
        if not work.may_share:
            return 0
        tokens = work.reusable
        state, length = self._shelf.longest(work.prefix_key, tokens, is_whole=self._wants_whole)
        if state is None or length < self._match(work).length + LEAST_TOKENS:
            return 0
        if not self._make_room(max(len(state.tokens) - work.cells, 0)):
            return 0
        is_back = self._cells.restore(seq, state.data, len(state.tokens))
        if not is_back or not self._cells.rewind(seq, length):
            self._cells.remove(seq)
            return 0
        if self._cells.can_share:
            self._publish(seq, work.prefix_key, tokens[:length])
        return length

    @property
    def _wants_whole(self) -> bool:
        """Whether a state serves only who goes on from its very end."""
        return not self._cells.can_share or bool(self._cells.window)

    def _share(self, seq: int, work: Work) -> int:
        """Begin with what others hold."""
        match = self._match(work)
        if match.length:
            self._cells.copy(match.holders[0], seq, 0, match.length)
            self._tree.put(seq, work.prefix_key, work.reusable[: match.length], is_pinned=True)
        return match.length

    def keep(self, work: Work) -> None:
        """`work` has ended; what it computed stays as long as there is room, and `tidy` says so."""
        seq, held = self._leave(work), self._held_by(work)
        if seq is None:
            return
        if work.rank == BACKGROUND:
            self._passing.add(seq)
        if self._retain(seq, work.prefix_key, held):
            self._tree.unpin(seq)
            self._drop_redundant(seq)
        else:
            if work.rank != BACKGROUND:
                self._shelve_whole(seq, work.prefix_key, held)
            self._drop(seq)

    def free(self, work: Work) -> None:
        """`work` has ended, and what is in its memory is of no use."""
        seq = self._leave(work)
        if seq is not None:
            self._drop(seq)

    def pause(self, key: int, work: Work) -> None:
        """`work` gives way to somebody and will be seated again: keep what it has, for it."""
        seq, held = self._leave(work), self._held_by(work)
        if seq is None:
            return
        if self._retain(seq, work.prefix_key, held):
            self._tree.unpin(seq, is_awaited=True)
            self._awaited[seq] = key
            self._drop_redundant(seq)
        else:
            self._shelve_whole(seq, work.prefix_key, held, key)
            self._drop(seq)
        work.restart()

    def forget(self, key: int) -> None:
        """A request that had given way is gone, or goes on."""
        self._shelf.disown(key)
        for seq in [seq for seq, other in self._awaited.items() if other == key]:
            del self._awaited[seq]
            self._tree.unpin(seq)

    def _leave(self, work: Work) -> int | None:
        """The sequence that was its own; None for one with a context of its own."""
        grant, work.grant = _grant(work), None
        if work.context is not None:
            return None
        del self._running[grant.seq]
        for seq in grant.copies:
            self._cells.remove(seq)
        self._slots.give_back(grant.copies)
        return grant.seq

    def _retain(self, seq: int, key: str, held: Sequence[int]) -> bool:
        """Have the tree know all that a sequence holds. False where it cannot be used by others."""
        if not self._cells.can_share or len(held) < max(LEAST_TOKENS, self._tree.length(seq)):
            return False
        return self._cells.rewind(seq, len(held)) and self._publish(seq, key, held)

    def _shelve_whole(self, seq: int, key: str, held: Sequence[int], owner: int | None = None) -> None:
        """Save the state of a sequence that cannot stay, if it is of exactly these tokens."""
        if (
            (owner is not None or len(held) >= LEAST_SHELVED)
            and held
            and self._cells.rewind(seq, len(held))
        ):
            self._shelf.put(key, held, self._cells.state(seq), owner)

    def _publish(self, seq: int, key: str, held: Sequence[int]) -> bool:
        """Have the tree know what a sequence holds; what others hold too is shared from now on."""
        own = self._tree.length(seq)
        match = self._tree.match(key, held)
        if match.length > own:
            whole = [holder for holder in match.holders if self._cells.is_whole(holder)]
            if not whole:
                self._twice[seq] = self._twice.get(seq, 0) + match.length - own
            elif self._cells.remove(seq, own, match.length):
                self._cells.copy(whole[0], seq, own, match.length)
            else:
                return False
        self._tree.put(seq, key, held, is_pinned=True)
        return True

    # ---- from and to disk

    def export(self, key: str, tokens: tuple[int, ...]) -> State:
        """The state after these tokens, of a sequence that holds them and nothing else; empty where
        they are not in memory."""
        seq = self._number()
        state: State = b""
        if self._begin(seq, key, tokens):
            state = self._cells.state(seq)
        self._cells.remove(seq)
        self._slots.give_back([seq])
        return state

    def _begin(self, seq: int, key: str, tokens: tuple[int, ...]) -> bool:
        """Have an unused sequence hold exactly these tokens, from the cache or from the shelf."""
        if holders := self._reaching(self._tree.match(key, tokens), len(tokens)):
            self._cells.copy(holders[0], seq, 0, len(tokens))
            return True
        state, length = self._shelf.longest(key, tokens, is_whole=False)
        return (
            state is not None
            and length == len(tokens)
            and self._cells.restore(seq, state.data, len(state.tokens))
            and self._cells.rewind(seq, length)
        )

    @property
    def most_adopted(self) -> int:
        """Tokens that may come from disk in all."""
        return self._slots.cells // 2 if self._cells.can_share else 0

    def adopt(self, key: str, tokens: tuple[int, ...], state: State) -> bool:
        """Keep what `export` gave, on the shelf where the cache has no room. False where the state is
        known not to be sound."""
        if len(tokens) > self._slots.kept - self._held or not self._slots.free:
            self._shelf.put(key, tokens, state)
            return True
        seq = self._slots.take()
        if self._cells.restore(seq, state, len(tokens)) and self._publish(seq, key, tokens):
            self._tree.unpin(seq)
            self._drop_redundant(seq)
            return True
        self._drop(seq)
        return False

    # ---- what is shared

    def _match(self, work: Work) -> Match:
        """The longest beginning for `work` that is in memory and can be continued."""
        tokens = self._shared(work)
        self._publish_running(work.prefix_key, tokens)
        match = self._tree.match(work.prefix_key, tokens)
        holders = self._reaching(match, match.length)
        return Match(match.length, holders) if holders else Match()

    def _reaching(self, match: Match, length: int) -> tuple[int, ...]:
        """Those of the holders that can be continued after `length` tokens."""
        if match.length < length:
            return ()
        return tuple(seq for seq in match.holders if self._cells.reaches(seq, length))

    def _publish_running(self, key: str, tokens: Sequence[int]) -> None:
        """Have the tree know of the running sequence that shares most of `tokens`, if that is more
        than the tree knows of."""
        known = self._tree.match(key, tokens).length
        others = [
            (common(work.held, tokens), seq)
            for seq, work in self._running.items()
            if work.prefix_key == key and self._shared(work)
        ]
        length, seq = max(others, default=(0, -1))
        if length >= known + LEAST_TOKENS:
            self._publish(seq, key, self._running[seq].held[:length])

    # ---- room

    def _make_room(self, extra: int = 0) -> bool:
        """Give up what nobody uses, as far as those who run may need the cells, and `extra` ones.
        Whether that is enough."""
        most = self._slots.cells - self._reserved(self._running) - extra
        self._trim_to(most)
        return self._held <= most

    def tidy(self) -> None:
        """Give up what is more than may lie about. Beside an answer that has to go out it can wait:
        saving 300 tokens for the shelf takes 20 ms."""
        wanted = [*self._running, *self._awaited]
        in_use = self._tree.held_by(wanted) + sum(self._twice.get(one, 0) for one in wanted)
        self._trim_to(in_use + self._slots.kept)

    def _trim_to(self, cells: int) -> None:
        """Give up what is worth least, until the tree has so many cells or nothing that is unused."""
        while (excess := self._held - cells) > 0 and (choice := self._tree.cheapest(excess)):
            self._trim(*choice)

    def _drop_redundant(self, seq: int) -> None:
        """Give up sequences that hold nothing beside what `seq` holds. With a window they are of
        use: there `seq` forgets its beginning, and cannot be continued in their stead."""
        if seq in self._tree and not self._cells.window:
            for other in self._tree.redundant(seq):
                self._drop(other)

    def _number(self) -> int:
        """A free sequence number; one that is only kept gives up its own."""
        if not self._slots.free:
            seq = self._tree.cheapest_sequence()
            assert seq is not None, "more sequences are in use than there are"
            self._trim(seq, 0)
        return self._slots.take()

    def _trim(self, seq: int, length: int) -> None:
        """Keep only the first tokens of a sequence that nobody uses; the shelf takes all of it."""
        self._shelve(seq, length)
        if length and self._cells.rewind(seq, length):
            self._tree.trim(seq, length)
            self._twice[seq] = min(self._twice.get(seq, 0), length)
        else:
            self._drop(seq)

    def _shelve(self, seq: int, length: int) -> None:
        """Save the state of a sequence before it is cut, where that is worth it."""
        tokens, key = self._tree.tokens(seq), self._tree.key(seq)
        owner = self._awaited.pop(seq, None)
        lost = min(self._tree.own(seq), len(tokens) - length)
        if owner is not None:
            self._tree.unpin(seq)
        elif lost < LEAST_SHELVED or seq in self._passing or self._is_shelved(key, tokens):
            return
        self._shelf.put(key, tokens, self._cells.state(seq), owner)

    def _is_shelved(self, key: str, tokens: Sequence[int]) -> bool:
        """Whether the shelf has nearly all of it: to save 1,000 tokens for the sake of 40 takes longer,
        where memory that nobody has touched is slow to come, than to compute the 40."""
        length = self._shelf.longest(key, tokens, is_whole=self._wants_whole)[1]
        return length > len(tokens) - LEAST_SHELVED

    def _drop(self, seq: int) -> None:
        self._cells.remove(seq)
        self._twice.pop(seq, None)
        self._passing.discard(seq)
        if seq in self._tree:
            self._tree.drop(seq)
        self._slots.give_back([seq])


def _grant(work: Work) -> Grant:
    assert work.grant is not None
    return work.grant
