"""The outcome of a check: fine, worth knowing, or broken, always with a next step."""

from collections.abc import Iterable
from typing import Literal, NamedTuple

Level = Literal["ok", "warn", "fail"]


class Finding(NamedTuple):
    """`next_step` is empty for what is fine."""

    name: str
    level: Level
    message: str
    next_step: str = ""


Findings = Iterable[Finding]


def ok(name: str, message: str) -> Finding:
    return Finding(name, "ok", message)


def warn(name: str, message: str, next_step: str) -> Finding:
    return Finding(name, "warn", message, next_step)


def fail(name: str, message: str, next_step: str) -> Finding:
    return Finding(name, "fail", message, next_step)
