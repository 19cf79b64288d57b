"""Which continuation of a prompt is how likely."""

from collections.abc import Sequence
from dataclasses import dataclass

from ingle.engine.child.work.base import Feed, Value, Want, Work


@dataclass
class Scoring(Work):
    """How likely each candidate is after the prompt, which is read once and shared by copies."""

    candidates: list[list[int]]
    most_copies: int

    def __post_init__(self) -> None:
        self._firsts = [0.0] * len(self.candidates)
        self._rests = [0.0] * len(self.candidates)
        self._fed = [0] * len(self.candidates)
        self._has_firsts = False
        self._first = 0
        """The first candidate that is not wholly fed; those with one token need no feeding."""
        self._skip_done()

    @property
    def sums(self) -> list[float]:
        """Of the log-likelihoods of each candidate's tokens."""
        return [first + rest for first, rest in zip(self._firsts, self._rests, strict=True)]

    @property
    def cells(self) -> int:
        """The prompt, and as many of the longest candidates as are fed side by side."""
        longest = sorted(map(len, self.candidates), reverse=True)
        return len(self.prompt) + sum(longest[: self.most_copies])

    @property
    def copies(self) -> int:
        return min(self.most_copies, len(self.candidates))

    @property
    def reusable(self) -> list[int]:
        """The last token's logits say how likely each candidate's first one is."""
        return self.prompt if self._has_firsts else self.prompt[:-1]

    @property
    def is_dense(self) -> bool:
        return self.fed == len(self.prompt)

    @property
    def rows(self) -> int:
        pairs = zip(self.candidates, self._fed, strict=True)
        return len(self.prompt) - self.fed or sum(len(tokens) - 1 - fed for tokens, fed in pairs)

    def take(self, limit: int) -> list[Feed]:
        if self.fed < len(self.prompt):
            return [self._take_prompt(limit)]
        assert self.grant is not None
        feeds: list[Feed] = []
        copies, index = self.grant.copies, self._first
        while limit and index < len(self.candidates) and index < self._first + len(copies):
            feed = self._take_candidate(index, copies[index % len(copies)], limit)
            if feed.tokens:
                feeds.append(feed)
            limit -= len(feed.tokens)
            index += 1
        return feeds

    def _take_prompt(self, limit: int) -> Feed:
        tokens = self.prompt[self.fed : self.fed + limit]
        is_last = self.fed + len(tokens) == len(self.prompt)
        firsts = tuple(candidate[0] for candidate in self.candidates)
        wants = (Want(len(tokens) - 1, targets=firsts),) if is_last else ()
        return Feed(self._seq, self.fed, tokens, wants)

    def _take_candidate(self, index: int, seq: int, limit: int) -> Feed:
        candidate, fed = self.candidates[index], self._fed[index]
        tokens = candidate[fed:-1][:limit]
        wants = tuple(Want(i, targets=(candidate[fed + i + 1],)) for i in range(len(tokens)))
        start = len(self.prompt) + fed
        return Feed(seq, start, tokens, wants, None if fed else self._seq)

    def accept(self, feeds: Sequence[Feed], values: Sequence[Sequence[Value]]) -> None:
        if self.fed < len(self.prompt):
            self.fed += len(feeds[0].tokens)
            for likelihoods in values[0]:
                assert isinstance(likelihoods, list)
                self._firsts, self._has_firsts = likelihoods, True
            return
        for feed, read in zip(feeds, values, strict=True):
            index = self._index_of(feed)
            self._fed[index] += len(feed.tokens)
            self._rests[index] += sum(one[0] for one in read if isinstance(one, list))
        self._skip_done()

    def _index_of(self, feed: Feed) -> int:
        assert self.grant is not None
        copies = self.grant.copies
        offset = (copies.index(feed.seq) - self._first) % len(copies)
        return self._first + offset

    def _skip_done(self) -> None:
        while (
            self._first < len(self.candidates)
            and self._fed[self._first] == len(self.candidates[self._first]) - 1
        ):
            self._first += 1

    def undo(self, feeds: Sequence[Feed], kept: Sequence[int]) -> None:
        if self.fed < len(self.prompt):
            self.fed = min(kept[0], len(self.prompt) - 1)

    def restart(self) -> None:
        """Candidates that were wholly fed keep their sums; the others start anew."""
        super().restart()
        for index, candidate in enumerate(self.candidates):
            if self._fed[index] < len(candidate) - 1:
                self._fed[index], self._rests[index] = 0, 0.0
