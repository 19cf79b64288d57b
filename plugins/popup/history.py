"""What was typed before, for Up and Down. Pure; in memory only."""


class History:
    """The newest is nearest. While one looks back, what was being typed is kept for the way home."""

    def __init__(self, most: int = 100) -> None:
        self._most = most
        self._entries: list[str] = []
        self._back = 0
        """How many steps back one stands; 0 is what is being typed."""
        self._draft = ""

    @property
    def is_browsing(self) -> bool:
        return self._back > 0

    def add(self, text: str) -> None:
        """Remember it as the newest, once, and stop looking back."""
        text = text.strip()
        self.rest()
        if text and self._most:
            others = [one for one in self._entries if one != text]
            self._entries = [*others, text][-self._most :]

    def older(self, typed: str) -> str | None:
        """One step back from what is `typed`; None at the oldest."""
        if self._back == len(self._entries):
            return None
        if self._back == 0:
            self._draft = typed
        self._back += 1
        return self._entries[-self._back]

    def newer(self) -> str | None:
        """One step forward, at last to what was being typed; None when one stands there."""
        if self._back == 0:
            return None
        self._back -= 1
        return self._entries[-self._back] if self._back else self._draft

    def rest(self) -> None:
        """Something else was typed: the next Up begins at the newest again."""
        self._back, self._draft = 0, ""
