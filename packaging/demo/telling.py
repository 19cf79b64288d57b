"""What the demo prints: a line a fact, and the summary as it is written, wrapped to the terminal."""

import shutil
import sys
import time
from typing import Any

NAME = 18
INDENT = "      "
GO_ON = {
    'ask "What was an ingle?"': "answers from what was copied",
    "summarize README.md": "any text, from a file or with - from standard input",
    "status": "how everything is",
    "stop": "ends the daemon",
}
GO_ON_WIDTH = max(map(len, GO_ON)) + 4
WIDTH = 96
"""Longer lines are hard to read, however wide the terminal is."""


class Telling:
    """Prints to standard output."""

    def __init__(self) -> None:
        self._width = min(WIDTH, shutil.get_terminal_size().columns) - len(INDENT)
        self._column = -1
        """Where the stream stands in its line; -1 outside of a stream."""

    def line(self, name: str = "", text: str = "") -> None:
        """A fact and its name."""
        self._end_stream()
        _write(f"  {name:<{NAME}}{text}".rstrip() + "\n")

    def at(self, started: float, text: str) -> None:
        """Something that happened just now, with the time since `started` (monotonic)."""
        self.after(time.monotonic() - started, text)

    def after(self, seconds: float, text: str) -> None:
        """Something that happened `seconds` after the copy."""
        self.line(f"  + {seconds:.2f} s", text)

    def stream(self, piece: str, started: float) -> None:
        """A piece of the summary."""
        if self._column < 0:
            self.at(started, "the first words of the summary:")
            _write("\n" + INDENT)
            self._column = 0
        for number, line in enumerate(piece.split("\n")):
            if number:
                self._break()
            self._words(line)

    def summary(self, data: dict[str, Any], started: float) -> None:
        """The finished summary; its text only if it was not streamed."""
        if self._column < 0:
            self.stream(data["text"], started)
        self._end_stream()
        coverage = data["coverage"]
        share = 100 * coverage["read"] // max(1, coverage["total"])
        self.line()
        self.at(started, f"done: “{data['title']}”")
        self.line(
            "", f"read {share} % of the text, in {coverage['parts']} part(s); nothing left this machine"
        )

    def how_to_go_on(self, command: str) -> None:
        self.line()
        self.line("Go on:")
        for arguments, what in GO_ON.items():
            _write(f"    {f'{command} {arguments}':<{len(command) + GO_ON_WIDTH}}{what}\n")
        if command != "ingle":
            _write(f'  For a short name: ln -s "$PWD/{command}" ~/.local/bin/ingle\n')

    def failed(self, message: str, hint: str) -> None:
        self._end_stream()
        _write(f"\n  ! {message}\n" + (f"    {hint}\n" if hint else ""))

    def _words(self, text: str) -> None:
        for word in text.replace(" ", "\0 ").split("\0"):
            if self._column + len(word) > self._width:
                self._break()
                word = word.lstrip()  # noqa: PLW2901 - a new line begins with a letter
            _write(word)
            self._column += len(word)

    def _break(self) -> None:
        _write("\n" + INDENT)
        self._column = 0

    def _end_stream(self) -> None:
        if self._column >= 0:
            _write("\n")
            self._column = -1


def _write(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()
