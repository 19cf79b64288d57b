"""What a person sees while the bootstrap works: a line a step, and a sign of life in long ones.

On a terminal the running step is one line that is drawn anew; elsewhere (CI, a pipe) it is a
line every `QUIET_S` seconds. It knows nothing of what the steps do.
"""

import shutil
import sys
import time

QUIET_S = 20.0
"""Often enough to see that it lives, seldom enough for a log."""
BAR = 24
NAME = 18


class Screen:
    """Draws to standard output; `step` begins a step, `done` ends it."""

    def __init__(self) -> None:
        self._is_terminal = sys.stdout.isatty()
        self._name, self._started, self._drawn = "", 0.0, 0.0

    def say(self, text: str = "") -> None:
        """A line of its own."""
        self._erase()
        sys.stdout.write(text + "\n")
        sys.stdout.flush()

    def warn(self, text: str) -> None:
        """A line that must not be overlooked."""
        strong, plain = ("\x1b[1;33m", "\x1b[0m") if self._is_terminal else ("", "")
        self.say(f"{strong}  ! {text}{plain}")

    def step(self, name: str) -> None:
        """Begin a step; nothing is printed before it takes time or ends."""
        self._name, self._started = name, time.monotonic()
        self._drawn = self._started if not self._is_terminal else 0.0

    def done(self, what: str) -> None:
        """End the step with what came of it."""
        took = time.monotonic() - self._started
        self.say(f"  {self._name:<{NAME}}{what}{f' ({span(took)})' if took >= 1 else ''}")

    def progress(self, what: str, share: float | None = None) -> None:
        """Show where the step is; may be called as often as one likes."""
        now = time.monotonic()
        if now - self._drawn < (0.1 if self._is_terminal else QUIET_S):
            return
        self._drawn = now
        parts = [what, span(now - self._started)]
        if self._is_terminal and share is not None:
            parts.insert(0, _bar(share))
        line = f"  {self._name:<{NAME}}{'  '.join(part for part in parts if part)}"
        if self._is_terminal:
            width = shutil.get_terminal_size().columns - 1
            sys.stdout.write(f"\r\x1b[K{line[:width]}")
        else:
            sys.stdout.write(line + "\n")
        sys.stdout.flush()

    def _erase(self) -> None:
        if self._is_terminal:
            sys.stdout.write("\r\x1b[K")


def span(seconds: float) -> str:
    """ "4.2 s" or "3 min 07 s"."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    if seconds < 60:
        return f"{seconds:.0f} s"
    return f"{int(seconds) // 60} min {int(seconds) % 60:02} s"


def _bar(share: float) -> str:
    full = round(BAR * min(max(share, 0.0), 1.0))
    return f"[{'#' * full}{'.' * (BAR - full)}]"
