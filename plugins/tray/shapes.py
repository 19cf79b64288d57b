"""The tray's six shapes as outlines on a grid of 16 units, y downwards. Pure.

The flame is the mark of the app; `packaging/desktop/icons/` draws the very same path. What the
others mean must be seen without colour: each has an outline, or a hole, of its own.
"""

import math
import re
from collections.abc import Iterator, Sequence

Point = tuple[float, float]
Outline = Sequence[Point]

GRID = 16

FLAME = (
    "M 8.7 0.4 C 9.2 3.4 13.5 5.1 13.5 9.7 C 13.5 12.9 11.1 15 8 15 "
    "C 4.9 15 2.5 12.9 2.5 9.8 C 2.5 7.7 3.6 6.1 4.8 4.9 C 4.9 6.2 5.4 7 6.3 7.3 "
    "C 6.1 4.5 7 2 8.7 0.4 Z"
)
HEART = (
    "M 8.2 7.6 C 8.4 9.2 10.5 9.9 10.5 11.8 C 10.5 13.1 9.5 14 8 14 "
    "C 6.5 14 5.5 13.1 5.5 11.8 C 5.5 10 7.4 9.6 8.2 7.6 Z"
)
"""The hole in a flame that burns."""
BAR = "M 3 3.2 C 3 2.4 3.4 2 4.2 2 L 5.8 2 C 6.6 2 7 2.4 7 3.2 L 7 12.8 "
BAR += "C 7 13.6 6.6 14 5.8 14 L 4.2 14 C 3.4 14 3 13.6 3 12.8 Z"
"""The left one of a pause; the right one stands 6 units beside it."""

SEGMENTS = 12
"""Straight pieces of a curve: finer than a pixel at 256 pixels."""

_TOKEN = re.compile(r"[MLCZ]|-?\d+(?:\.\d+)?")


def outline(path: str) -> list[Point]:
    """The points of one closed SVG path of absolute M, L, C and Z."""
    points: list[Point] = []
    for command, numbers in _commands(path):
        ends = list(zip(numbers[::2], numbers[1::2], strict=True))
        if command == "C":
            for start in range(0, len(ends), 3):
                points += _curve(points[-1], *ends[start : start + 3])
        else:
            points += ends
    return points


def _commands(path: str) -> Iterator[tuple[str, list[float]]]:
    command, numbers = "", list[float]()
    for token in _TOKEN.findall(path):
        if token.isalpha():
            if command:
                yield command, numbers
            command, numbers = token, []
        else:
            numbers.append(float(token))
    yield command, numbers


def _curve(start: Point, one: Point, two: Point, end: Point) -> Iterator[Point]:
    """A cubic Bézier curve without its start."""
    for step in range(1, SEGMENTS + 1):
        t = step / SEGMENTS
        weights = ((1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t * t * (1 - t), t**3)
        held = tuple(zip(weights, (start, one, two, end), strict=True))
        yield sum(w * p[0] for w, p in held), sum(w * p[1] for w, p in held)


def box(left: float, top: float, right: float, bottom: float) -> list[Point]:
    return [(left, top), (right, top), (right, bottom), (left, bottom)]


def arc(radius: float, start: float, end: float) -> list[Point]:
    """Points on a circle around the middle; degrees clockwise from the top."""
    steps = 48
    angles = [math.radians(start + (end - start) * step / steps) for step in range(steps + 1)]
    middle = GRID / 2
    return [(middle + radius * math.sin(a), middle - radius * math.cos(a)) for a in angles]


def ring(outer: float, inner: float, start: float, end: float) -> list[Point]:
    """A piece of a ring around the middle."""
    return arc(outer, start, end) + arc(inner, start, end)[::-1]


def bar(middle: Point, length: float, width: float, degrees: float) -> list[Point]:
    """A straight stroke, turned about its middle."""
    turn = math.radians(degrees)
    along, across = (math.cos(turn), math.sin(turn)), (-math.sin(turn), math.cos(turn))
    corners = ((-1, -1), (1, -1), (1, 1), (-1, 1))
    return [
        (
            middle[0] + along[0] * a * length / 2 + across[0] * b * width / 2,
            middle[1] + along[1] * a * length / 2 + across[1] * b * width / 2,
        )
        for a, b in corners
    ]


def scaled(points: Outline, factor: float, about: Point) -> list[Point]:
    return [(about[0] + factor * (x - about[0]), about[1] + factor * (y - about[1])) for x, y in points]
