"""What a rewrite changes, word by word. Pure.

Texts are compared by sentences first and then word by word within the sentences that differ, so
that ten thousand words take as long as their changes do. Nothing is lost either way: what is the
same and what was removed spell the old text, what is the same and what was added spell the new one.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Literal

Kind = Literal["same", "removed", "added"]

MOST_PAIRS = 1_000_000
"""Words times words that are compared with each other; a larger stretch counts as changed whole."""
LEAST_ALIKE = 0.25
"""Of the words: two texts that have less in common are easier to read one at a time."""

_ALONE = "\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\u0e00-\u0e7f"
"""Scripts without spaces between words: each character counts as one."""
_WORD = re.compile(rf"\s+|[{_ALONE}]|(?:(?![{_ALONE}])[\w'’])+|.", re.DOTALL)
_SENTENCE = re.compile(r".*?(?:[.!?。！？…]+[\"'”’)\]]*(?=\s)\s*|\n+|\Z)", re.DOTALL)


@dataclass(frozen=True)
class Piece:
    """A stretch of text with one fate."""

    kind: Kind
    text: str


def diff(before: str, after: str) -> list[Piece]:
    """The pieces in reading order; where something was replaced, what was removed comes first."""
    pieces: list[Piece] = []
    for kind, old, new in _opcodes(_SENTENCE.findall(before), _SENTENCE.findall(after)):
        if kind == "equal":
            pieces.append(Piece("same", old))
        else:
            pieces += _by_words(old, new)
    return _tidy(pieces)


def are_alike(pieces: Sequence[Piece]) -> bool:
    """Whether it helps a reader to see both texts in one."""
    sizes = dict.fromkeys(("same", "removed", "added"), 0)
    for piece in pieces:
        sizes[piece.kind] += len(piece.text.split())
    longer = sizes["same"] + max(sizes["removed"], sizes["added"])
    return sizes["same"] >= LEAST_ALIKE * longer


def changes_in(pieces: Sequence[Piece]) -> int:
    """How many places differ: a replacement is one."""
    before: Kind = "same"
    count = 0
    for piece in pieces:
        count += before == "same" and piece.kind != "same"
        before = piece.kind
    return count


def _by_words(old: str, new: str) -> Iterator[Piece]:
    one, other = _WORD.findall(old), _WORD.findall(new)
    if len(one) * len(other) > MOST_PAIRS:
        yield Piece("removed", old)
        yield Piece("added", new)
        return
    for kind, removed, added in _opcodes(one, other):
        if kind == "equal":
            yield Piece("same", removed)
        else:
            yield Piece("removed", removed)
            yield Piece("added", added)


def _opcodes(one: Sequence[str], other: Sequence[str]) -> Iterator[tuple[str, str, str]]:
    matcher = SequenceMatcher(None, one, other, autojunk=False)
    for kind, i1, i2, j1, j2 in matcher.get_opcodes():
        yield kind, "".join(one[i1:i2]), "".join(other[j1:j2])


def _tidy(pieces: Sequence[Piece]) -> list[Piece]:
    """Neighbours of a kind become one, and a space between two changes belongs to both: a reader
    sees one changed phrase and not confetti."""
    runs: list[Piece] = []
    removed = added = ""
    for at, piece in enumerate(pieces):
        is_gap = piece.kind == "same" and (removed or added) and piece.text.isspace()
        if piece.kind == "removed":
            removed += piece.text
        elif piece.kind == "added":
            added += piece.text
        elif is_gap and "\n" not in piece.text and _changes_at(pieces, at + 1):
            removed, added = removed + piece.text, added + piece.text
        else:
            runs += _change(removed, added)
            removed = added = ""
            _append(runs, piece)
    return runs + list(_change(removed, added))


def _changes_at(pieces: Sequence[Piece], at: int) -> bool:
    following = (piece for piece in pieces[at:] if piece.text)
    return next(following, Piece("same", "")).kind != "same"


def _change(removed: str, added: str) -> Iterator[Piece]:
    if removed == added:
        if removed:
            yield Piece("same", removed)
        return
    if removed:
        yield Piece("removed", removed)
    if added:
        yield Piece("added", added)


def _append(runs: list[Piece], piece: Piece) -> None:
    if runs and runs[-1].kind == piece.kind == "same":
        runs[-1] = Piece("same", runs[-1].text + piece.text)
    elif piece.text:
        runs.append(piece)
