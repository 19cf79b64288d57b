"""Text streams that say they are a terminal, and an `Output` over them."""

import io

from ingle.cli.output import Output


class Terminal(io.StringIO):
    """A text stream; `is_terminal` is what `isatty` says."""

    def __init__(self, *, is_terminal: bool = True) -> None:
        super().__init__()
        self._is_terminal = is_terminal

    def isatty(self) -> bool:
        return self._is_terminal


def output(
    *, is_terminal: bool = True, as_json: bool = False, is_quiet: bool = False, **environ: str
) -> tuple[Output, Terminal, Terminal]:
    """An output with its two streams."""
    out, err = Terminal(is_terminal=is_terminal), Terminal(is_terminal=is_terminal)
    return Output(out, err, environ, as_json=as_json, is_quiet=is_quiet), out, err
