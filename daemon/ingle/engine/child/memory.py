"""What is in the KV cache: the tree of what is held (`prefix`), the sequence numbers (`slots`) and
llama.cpp's own memory, kept in agreement.

A request starts with the longest beginning that any sequence holds, running ones as far as they
are read; nothing is copied for it. What it computed stays when it ends, until somebody needs the
room. Where two computed the same at the same time, one of both is forgotten: cells are counted as
the tree counts them. A request that gives way keeps its cells as long as nobody needs them, then
its state goes to ordinary memory (`states`), and where that is full it is computed anew.

A recurrent model's memory cannot be cut: there nothing is shared, and who gives way is saved whole.
A work with a context of its own has all its memory there.
Called between steps only.
"""

from collections.abc import Collection, Sequence
from typing import Protocol

from ingle.engine.child.prefix import Match, PrefixTree, common
from ingle.engine.child.slots import Grant, Slots
from ingle.engine.child.states import State, States
from ingle.engine.child.work.base import Work

RETAINED_SHARE = 2
"""Of the cells, one part in so many may hold what nobody uses now: every cell that is not empty
makes steps slower (SmolLM2-135M beside 4,000 such cells: prompts by a quarter, text by a tenth)."""

LEAST_TOKENS = 16
"""A shorter beginning is computed faster than it is looked after."""


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

    def state(self, seq: int) -> bytes: ...

    def restore(self, seq: int, data: bytes, length: int) -> bool: ...


class Memory:
    """Gives a work its sequences and takes them back; `slots` says how much there is."""

    def __init__(self, cells: Cells, slots: Slots, state_bytes: int) -> None:
        self._cells, self._slots = cells, slots
        self._tree = PrefixTree()
        self._running: dict[int, Work] = {}
        """By sequence."""
        self._awaited: dict[int, int] = {}
        """Sequences of requests that gave way, and those requests' keys."""
        self._twice: dict[int, int] = {}
        """Cells of a sequence that the tree does not count, because others hold the same: with a
        window they cannot always be given up for those."""
        self._states = States(state_bytes)

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
            shared = self._tree.match(work.prefix_key, self._usable(work), seqs).length
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

    def _usable(self, work: Work) -> Sequence[int]:
        return work.reusable if self._cells.can_share and work.may_share else []

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
        length = self._put_back(key, seq, work) or self._share(seq, work)
        self._make_room()
        self._unawait(key)
        self._drop_redundant(seq)
        work.resume(length)

    def _put_back(self, key: int, seq: int, work: Work) -> int:
        """Restore the state that was saved for `work`, unless more of it is in memory."""
        state = self._states.take(key)
        if state is None or state.length <= self._match(work).length:
            return 0
        self._make_room()
        if not self._cells.restore(seq, state.data, state.length):
            return 0
        if usable := self._usable(work):
            self._publish(seq, work.prefix_key, usable[: state.length])
        return state.length

    def _share(self, seq: int, work: Work) -> int:
        """Begin with what others hold."""
        match = self._match(work)
        if match.length:
            self._cells.copy(match.holders[0], seq, 0, match.length)
            self._tree.put(seq, work.prefix_key, work.reusable[: match.length], is_pinned=True)
        return match.length

    def keep(self, work: Work) -> None:
        """`work` has ended; what it computed stays as long as there is room."""
        seq = self._leave(work)
        if seq is not None and self._retain(seq, work):
            self._tree.unpin(seq)
            self._shed(seq)
        elif seq is not None:
            self._drop(seq)

    def free(self, work: Work) -> None:
        """`work` has ended, and what is in its memory is of no use."""
        seq = self._leave(work)
        if seq is not None:
            self._drop(seq)

    def pause(self, key: int, work: Work) -> None:
        """`work` gives way to somebody and will be seated again: keep what it has, for it."""
        seq = self._leave(work)
        if seq is None:
            return
        if len(work.held) == work.fed and self._retain(seq, work):
            self._tree.unpin(seq, is_awaited=True)
            self._awaited[seq] = key
            self._shed(seq)
        else:
            self._save(key, seq, work.fed)
            self._drop(seq)
        work.restart()

    def forget(self, key: int) -> None:
        """A request that had given way is gone."""
        self._states.take(key)
        self._unawait(key)

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

    def _retain(self, seq: int, work: Work) -> bool:
        """Have the tree know all that a sequence holds. False where it cannot be used by others."""
        held = work.held if self._cells.can_share and work.may_share else []
        if len(held) < max(LEAST_TOKENS, self._tree.length(seq)):
            return False
        return self._cells.rewind(seq, len(held)) and self._publish(seq, work.prefix_key, held)

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

    def export(self, key: str, tokens: tuple[int, ...]) -> bytes:
        """The state after these tokens, of a sequence that holds them and nothing else; empty where
        they are not in memory."""
        seq = self._number()
        holders = self._reaching(self._tree.match(key, tokens), len(tokens))
        state = b""
        if holders:
            self._cells.copy(holders[0], seq, 0, len(tokens))
            state = self._cells.state(seq)
            self._cells.remove(seq)
        self._slots.give_back([seq])
        return state

    @property
    def spare(self) -> int:
        """Cells that `adopt` may still fill."""
        if not self._cells.can_share or not self._slots.free:
            return 0
        return max(self._slots.cells // RETAINED_SHARE - self._held, 0)

    def adopt(self, key: str, tokens: tuple[int, ...], state: bytes) -> bool:
        """Keep what `export` gave, within `spare`. False where the state is not sound."""
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
        tokens = self._usable(work)
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
            if work.prefix_key == key and self._usable(work)
        ]
        length, seq = max(others, default=(0, -1))
        if length >= known + LEAST_TOKENS:
            self._publish(seq, key, self._running[seq].held[:length])

    # ---- room

    def _make_room(self) -> None:
        """Give up what nobody uses, as far as those who run may need the cells."""
        self._trim_to(self._slots.cells - self._reserved(self._running))

    def _shed(self, seq: int) -> None:
        """Drop what `seq` makes needless, and what is too much."""
        self._drop_redundant(seq)
        in_use = self._used_by(self._running) - self._reserved(self._running)
        self._trim_to(in_use + self._slots.cells // RETAINED_SHARE)

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
            self._give_up(seq)
        return self._slots.take()

    def _trim(self, seq: int, length: int) -> None:
        """Keep only the first tokens of a sequence that nobody uses."""
        if not length:
            self._give_up(seq)
            return
        self._save_awaited(seq)
        if self._cells.rewind(seq, length):
            self._tree.trim(seq, length)
            self._twice[seq] = min(self._twice.get(seq, 0), length)
        else:
            self._drop(seq)

    def _give_up(self, seq: int) -> None:
        self._save_awaited(seq)
        self._drop(seq)

    def _drop(self, seq: int) -> None:
        self._cells.remove(seq)
        self._twice.pop(seq, None)
        if seq in self._tree:
            self._tree.drop(seq)
        self._slots.give_back([seq])

    # ---- who gave way

    def _save_awaited(self, seq: int) -> None:
        key = self._awaited.pop(seq, None)
        if key is not None:
            self._save(key, seq, self._tree.length(seq))
            self._tree.unpin(seq)

    def _save(self, key: int, seq: int, length: int) -> None:
        if length:
            self._states.put(key, State(self._cells.state(seq), length))

    def _unawait(self, key: int) -> None:
        for seq in [seq for seq, other in self._awaited.items() if other == key]:
            del self._awaited[seq]
            self._tree.unpin(seq)


def _grant(work: Work) -> Grant:
    assert work.grant is not None
    return work.grant
