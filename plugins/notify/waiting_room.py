"""What came while nothing could be shown: do-not-disturb, or no server. Told at once later. Pure."""

from collections import deque

from .bubbles import MOST, Bubble

MOST_NAMED = 5


class WaitingRoom:
    """Bubbles in the order in which they came; too many push out the oldest."""

    def __init__(self) -> None:
        self._bubbles: deque[Bubble] = deque(maxlen=MOST)

    def add(self, bubble: Bubble) -> None:
        self._bubbles.append(bubble)

    def drop(self, key: str) -> None:
        """Those with this key are no longer so."""
        for bubble in [each for each in self._bubbles if each.key == key]:
            self._bubbles.remove(bubble)

    def leave(self) -> list[Bubble]:
        """All of them; then it is empty."""
        bubbles = list(self._bubbles)
        self._bubbles.clear()
        return bubbles


def together(bubbles: list[Bubble]) -> Bubble | None:
    """One bubble for all of them, the newest named first; None for none."""
    if len(bubbles) < 2:
        return bubbles[0] if bubbles else None
    newest = bubbles[::-1]
    lines = [f"· {bubble.title}" for bubble in newest[:MOST_NAMED]]
    more = len(newest) - MOST_NAMED
    lines += [f"and {more} more"] if more > 0 else []
    result = next((bubble.result for bubble in newest if bubble.result), "")
    return Bubble(f"{len(bubbles)} messages came meanwhile", "\n".join(lines), "summary", result=result)
