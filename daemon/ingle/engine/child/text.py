"""From token bytes to text that may be shown: whole UTF-8 characters, nothing past a stop string.

Pure: it knows neither tokens nor requests.
"""

import codecs
from collections.abc import Sequence


class TextStream:
    """Fed with bytes, gives text as soon as it is certain to belong to the answer.

    A character whose bytes are not all there waits, and so does text that could be the
    beginning of a stop string: it may span any number of tokens.
    """

    def __init__(self, stops: Sequence[str]) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._stops = tuple(stops)
        self._held = ""
        self.is_stopped = False

    def feed(self, data: bytes) -> str:
        """The text that `data` made certain; after a stop string always nothing."""
        if self.is_stopped:
            return ""
        self._held += self._decoder.decode(data)
        found = [at for stop in self._stops if (at := self._held.find(stop)) >= 0]
        if found:
            self.is_stopped = True
            return self._release(min(found))
        return self._release(len(self._held) - self._doubtful())

    def finish(self) -> str:
        """The rest, when no more bytes will come; half a character is dropped."""
        return "" if self.is_stopped else self._release(len(self._held))

    def _doubtful(self) -> int:
        """How many of the last characters may be the beginning of a stop string."""
        return max((self._overlap(stop) for stop in self._stops), default=0)

    def _overlap(self, stop: str) -> int:
        longest = min(len(stop) - 1, len(self._held))
        sizes = range(longest, 0, -1)
        return next((size for size in sizes if self._held.endswith(stop[:size])), 0)

    def _release(self, size: int) -> str:
        text, self._held = self._held[:size], self._held[size:]
        return text


def character_ends(text: str, pieces: Sequence[bytes]) -> list[int]:
    """After how many whole characters of `text` each of its tokens' bytes end.

    A tokeniser may put a space before the text; it is not counted.
    """
    data = text.encode("utf-8", "replace")
    ends = _whole_characters(data)
    position = len(data) - sum(map(len, pieces))
    found = []
    for piece in pieces:
        position += len(piece)
        found.append(ends[min(max(position, 0), len(data))])
    return found


def _whole_characters(data: bytes) -> list[int]:
    """For every byte offset, how many characters have ended there."""
    counts, begun = [], 0
    for byte in data:
        is_start = byte & 0xC0 != 0x80
        counts.append(begun if is_start else begun - 1)
        begun += is_start
    return [*counts, begun]
