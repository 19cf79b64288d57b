"""Where the window goes: at the pointer, whole on the monitor it is on. Pure."""

from dataclasses import dataclass

BESIDE = 8
"""Pixels between the pointer and the window: what is pointed at stays visible."""
MARGIN = 12
"""Pixels to the edges of the monitor."""


@dataclass(frozen=True)
class Area:
    """A rectangle in the pixels of the toolkit."""

    x: int
    y: int
    width: int
    height: int

    def has(self, x: int, y: int) -> bool:
        return self.x <= x < self.x + self.width and self.y <= y < self.y + self.height


def at_pointer(pointer: tuple[int, int], size: tuple[int, int], area: Area) -> tuple[int, int]:
    """The upper left corner: right of and below the pointer, else to the other side of it."""
    x, y = pointer
    _width, height = size
    below = y + BESIDE
    fits_below = below + height + MARGIN <= area.y + area.height
    fits_above = y - BESIDE - height - MARGIN >= area.y
    top = y - BESIDE - height if fits_above and not fits_below else below
    return within((x + BESIDE, top), size, area)


def within(corner: tuple[int, int], size: tuple[int, int], area: Area) -> tuple[int, int]:
    """The corner, moved as little as needed for the window to be whole on the monitor."""
    (x, y), (width, height) = corner, size
    x = max(min(x, area.x + area.width - width - MARGIN), area.x + MARGIN)
    y = max(min(y, area.y + area.height - height - MARGIN), area.y + MARGIN)
    return x, y


def narrowed(width: int, area: Area) -> int:
    """The width that is wanted, or what the monitor has room for."""
    return max(min(width, area.width - 2 * MARGIN), 1)
