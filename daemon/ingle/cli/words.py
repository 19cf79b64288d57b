"""Numbers in the words of a person: sizes, durations, clock times."""

import time

from ingle.naming import size

__all__ = ["clock", "count", "duration", "size"]


def duration(seconds: float) -> str:
    """The two greatest units: "850 ms", "4.2 s", "3 min 5 s", "2 h 3 min", "4 d 1 h"."""
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 10:
        return f"{seconds:.1f} s"
    if seconds < 60:
        return f"{seconds:.0f} s"
    minutes, rest = divmod(int(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s"
    hours, minutes = divmod(minutes, 60)
    if hours < 24:
        return f"{hours} h {minutes} min"
    days, hours = divmod(hours, 24)
    return f"{days} d {hours} h"


def count(number: int, thing: str) -> str:
    """ "1 token", "2 tokens"."""
    return f"{number} {thing}" if number == 1 else f"{number} {thing}s"


def clock(seconds: float) -> str:
    """Local time of a moment in seconds since the epoch."""
    return time.strftime("%H:%M:%S", time.localtime(seconds))
