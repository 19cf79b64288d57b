"""The clipboard of the display: puts the demo's text there and afterwards back what was there.

xclip does it, as a person's own program would: the clipboard plugin meets a real copy.
"""

import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager

XCLIP = ("xclip", "-selection", "clipboard")
CONFIDENTIAL = "x-kde-passwordManagerHint"
"""A password manager says with it that nobody may keep this."""
RESTORABLE = ("UTF8_STRING", "image/png")
TARGETS_S = 5.0


class NoClipboard(Exception):
    """The clipboard cannot be used; the message says why."""


def copy(text: str) -> None:
    """Put a text on the clipboard; xclip stays behind to serve it. Raises `NoClipboard`."""
    _give(["-in"], text.encode())


def as_news(text: str) -> str:
    """The text with another tail of white space each second: the same copied twice is no news."""
    seconds = f"{int(time.time()) & 0xFFFF:016b}"
    return text.rstrip() + "\n" + seconds.translate({ord("0"): " ", ord("1"): "\t"})


@contextmanager
def kept() -> Iterator[str | None]:
    """Put back afterwards what is on the clipboard; gives the reason where that is not possible."""
    targets = _read("TARGETS").decode("utf-8", "replace").split()
    kind = next((target for target in RESTORABLE if target in targets), None)
    if CONFIDENTIAL in targets or kind is None:
        yield "what was on the clipboard cannot be put back afterwards" if targets else None
        return
    content = _read(kind)
    try:
        yield None
    finally:
        _give(["-in", "-target", kind], content)


def _read(target: str) -> bytes:
    """One form of what is on the clipboard; empty where there is none."""
    try:
        done = subprocess.run(
            [*XCLIP, "-out", "-target", target],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=TARGETS_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):  # an owner that does not answer
        return b""
    return done.stdout if done.returncode == 0 else b""


def _give(arguments: list[str], content: bytes) -> None:
    try:
        done = subprocess.run(
            [*XCLIP, *arguments],
            input=content,
            stdout=subprocess.DEVNULL,  # the server it leaves behind would hold a pipe open
            stderr=subprocess.DEVNULL,
            start_new_session=True,  # Ctrl-C in the demo must not empty the clipboard
            check=False,
        )
    except OSError:
        raise NoClipboard("xclip is not installed") from None
    if done.returncode:
        raise NoClipboard("xclip cannot reach the display")
