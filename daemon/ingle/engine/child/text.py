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
        self._stops = [_Stop(stop) for stop in stops]
        self._held = ""
        self.is_stopped = False

    def feed(self, data: bytes) -> str:
        """The text that `data` made certain; after a stop string always nothing."""
        if self.is_stopped:
            return ""
        text = self._decoder.decode(data)
        if not self._stops:
            return text
        before = len(self._held)
        self._held += text
        for index, char in enumerate(text, before + 1):
            longest = max([stop.matched for stop in self._stops if stop.advance(char)], default=0)
            if longest:
                self.is_stopped = True
                return self._release(index - longest)
        return self._release(len(self._held) - max(stop.matched for stop in self._stops))

    def finish(self) -> str:
        """The rest, when no more bytes will come; half a character is dropped."""
        return "" if self.is_stopped else self._release(len(self._held))

    def _release(self, size: int) -> str:
        text, self._held = self._held[:size], self._held[size:]
        return text


class _Stop:
    """How much of a stop string the text ends with (Knuth, Morris and Pratt, 1977): in constant
    time for each character, whatever the string and the text are."""

    def __init__(self, text: str) -> None:
        self.text, self.matched = text, 0
        self._borders = [0]
        """For each beginning of the string, the longest one that it ends with and is not."""
        for char in text[1:]:
            self.matched = self._borders[-1]
            self.advance(char)
            self._borders.append(self.matched)
        self.matched = 0

    def advance(self, char: str) -> bool:
        """Whether `char` completes the string."""
        while self.matched and self.text[self.matched] != char:
            self.matched = self._borders[self.matched - 1]
        self.matched += self.text[self.matched] == char
        return self.matched == len(self.text)


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
