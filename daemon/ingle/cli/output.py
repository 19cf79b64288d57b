"""The one way out to a terminal, a pipe or a file: clean text, styles where they help, or JSON.

Whatever comes from a model, a document or the daemon is shown through here and loses what
could make a terminal act or mislead: escape sequences, control characters, bidirectional
overrides, invisible characters. With `--json` nothing is lost: such characters are escaped.
"""

import re
import sys
from collections.abc import Mapping, Sequence
from typing import Any, TextIO

import msgspec

from ingle.errors import IngleError

BOLD, DIM, RED, YELLOW, GREEN = "1", "2", "31", "33", "32"

_SEQUENCE = re.compile(
    r"\x1b\[[0-?]*[ -/]*[@-~]"  # CSI: colours, cursor, erase (ECMA-48 section 5.4)
    r"|\x1b[\]PX^_][^\x07\x1b\n]*(?:\x07|\x1b\\)"  # OSC, DCS, SOS, PM, APC up to their terminator
    r"|\x1b[ -/]*[0-Z\\^-~]"  # two-character functions
    r"|\x9b[0-?]*[ -/]*[@-~]"  # CSI as one C1 character
)
_UNSAFE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f"  # C0 but tab and newline, DEL, C1
    "\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff"  # bidi, line separators, invisible
    "\ufff9-\ufffb\U000e0000-\U000e007f\ud800-\udfff]"  # annotations, tags, lone surrogates
)
"""Joiners (U+200C, U+200D) stay: Persian and emoji need them, and they change no direction."""


def clean(text: str) -> str:
    """`text` as it may stand on a terminal.

    Safe piece by piece: of a sequence that is cut in two, only visible characters remain.
    """
    return _UNSAFE.sub("", _SEQUENCE.sub("", text))


def one_line(text: str, width: int = 0) -> str:
    """Clean, in one line, and cut with an ellipsis where `width` is given."""
    flat = " ".join(clean(text).split())
    return flat[: width - 1] + "…" if width and len(flat) > width else flat


def encoded(value: Any) -> str:
    """JSON in one line in which every unsafe character is escaped, so that nothing is lost."""
    return _UNSAFE.sub(_escaped, msgspec.json.encode(value).decode())


def _escaped(match: re.Match[str]) -> str:
    """`\\uXXXX`, as a pair of surrogates where one is not enough (RFC 8259 section 7)."""
    units = match[0].encode("utf-16-be", "surrogatepass").hex()
    return "".join(f"\\u{units[i : i + 4]}" for i in range(0, len(units), 4))


class Output:
    """Standard output for results, standard error for everything else."""

    def __init__(
        self,
        out: TextIO,
        err: TextIO,
        environ: Mapping[str, str],
        *,
        as_json: bool = False,
        is_quiet: bool = False,
    ) -> None:
        self._out, self._err = out, err
        self.as_json, self.is_quiet = as_json, is_quiet
        self.out_is_terminal, self.err_is_terminal = out.isatty(), err.isatty()
        self._has_colour = not environ.get("NO_COLOR") and environ.get("TERM") != "dumb"
        self._at_line_start = True
        self._progress_shown = False

    # ---- results

    def text(self, piece: str) -> None:
        """A piece of a streamed answer, shown at once."""
        shown = clean(piece)
        if shown:
            self.end_progress()
            self._at_line_start = shown.endswith("\n")  # first: Ctrl-C may cut in at any point
            self._out.write(shown)
            self._out.flush()

    def end_text(self) -> None:
        """End the line that `text` may have left open."""
        if not self._at_line_start:
            self._out.write("\n")
            self._out.flush()
            self._at_line_start = True

    def line(self, text: str = "", style: str = "") -> None:
        self.end_progress()
        self.end_text()
        self._out.write(self._styled(clean(text), style, self.out_is_terminal) + "\n")

    def table(self, rows: Sequence[Sequence[str]], header: Sequence[str] = ()) -> None:
        """Columns as wide as they need; the header only where a person reads it."""
        cells = [[one_line(cell) for cell in row] for row in rows]
        shown = [list(header), *cells] if cells and header and self.out_is_terminal else cells
        widths = [max(map(len, column)) for column in zip(*shown, strict=True)]
        for number, row in enumerate(shown):
            padded = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
            is_header = number == 0 and shown is not cells
            self.line("  ".join(padded).rstrip(), DIM if is_header else "")

    def json(self, value: Any) -> None:
        """One JSON value in one line."""
        self.end_progress()
        self._out.write(encoded(value) + "\n")
        self._out.flush()

    # ---- for the person, beside the result

    def note(self, text: str, style: str = DIM) -> None:
        """Something nice to know, only on a terminal."""
        if self.err_is_terminal and not self.is_quiet and not self.as_json:
            self.complain(text, style)

    def complain(self, text: str, style: str = "") -> None:
        """Something that has to be said on standard error."""
        self.end_progress()
        self.end_text()
        self._out.flush()
        self._err.write(self._styled(clean(text), style, self.err_is_terminal) + "\n")
        self._err.flush()

    def error(self, error: IngleError) -> None:
        """A failed command: one message and one hint, or the error as a JSON object."""
        if self.as_json:
            fields = {"code": error.code, "key": error.key, "message": error.message, "hint": error.hint}
            self.json({"error": fields})
            return
        self.complain(f"ingle: {error.message}")
        if error.hint:
            self.complain(f"hint: {error.hint}", DIM)

    @property
    def shows_progress(self) -> bool:
        """Whether a person watches who would wonder at silence."""
        return self.err_is_terminal and not self.is_quiet and not self.as_json

    def progress(self, text: str) -> None:
        """A line that the next output replaces."""
        if self.shows_progress and self._at_line_start:
            self._err.write("\r\x1b[K" + self._styled(one_line(text, 78), DIM, is_terminal=True))
            self._err.flush()
            self._progress_shown = True

    def end_progress(self) -> None:
        if self._progress_shown:
            self._progress_shown = False
            self._err.write("\r\x1b[K")
            self._err.flush()

    def flush(self) -> None:
        self.end_progress()
        self._out.flush()

    def _styled(self, text: str, style: str, is_terminal: bool) -> str:
        if not style or not is_terminal or not self._has_colour:
            return text
        return f"\x1b[{style}m{text}\x1b[0m"


def standard(environ: Mapping[str, str], *, as_json: bool, is_quiet: bool) -> Output:
    """The output of this process."""
    return Output(sys.stdout, sys.stderr, environ, as_json=as_json, is_quiet=is_quiet)
