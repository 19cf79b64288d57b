"""The shape of an answer: the result itself, without what chat models say around it.

Pure, and usable while the answer streams: `Shaper` holds back what may still turn out to be a
preamble, a closing remark or a wrapping quote, so that what was shown never has to be taken back.
"""

import re
from dataclasses import dataclass, field, replace

from ingle.assistant.plain import plain
from ingle.assistant.sentences import split

HEAD_CHARS = 120
"""A preamble or a refusal shows itself within so many characters."""

TAIL_CHARS = 48
"""Held back while streaming: a closing remark or quote begins here."""

_PREAMBLE = re.compile(
    r"\s*(?:(?:sure|certainly|of course|absolutely|okay|ok|great|hier ist|natürlich|claro|aquí está)\b"
    r"[^\n:.!]{0,60}[:.!]\s*)?"
    r"(?:(?:here(?:'s|’s| is| are| you go| you are)|below is|the following is|hier ist"
    r"|the text,? (?:re)?written|aquí (?:está|tienes))\b[^\n:]{0,90}:"
    r"|(?:\*\*)?(?:in short|answer|summary|title|output|result|translation|explanation|response"
    r"|(?:the )?(?:corrected|rewritten|revised|translated|polite|friendly|formal)(?: \w+){0,3})"
    r"(?:\*\*)?:(?:\*\*)?)"
    r"\s*",
    re.IGNORECASE,
)
_ONLY_COURTESY = re.compile(
    r"\s*(?:sure|certainly|of course|absolutely)(?:[^\n:.!]{0,60}:\s*\n\s*|[!.]\s+)", re.IGNORECASE
)
_CLOSING = re.compile(
    r"\n\s*(?:i hope (?:this|that)|let me know|please let me know|feel free|is there anything"
    r"|if you (?:need|have|want|would)|note that this|\(?note:)[^\n]*(?:\n[^\n]*)?\s*\Z",
    re.IGNORECASE,
)
_ACCOUNT = re.compile(
    r"\n\s*(?:\*\*|#+ ?)?(?:i(?:['’]ve| have)? (?:made|applied) (?:the following|these|some|a few)"
    r" (?:minor )?changes"
    r"|(?:the |here are the |list of |summary of )?changes(?: made| i made)?(?= ?(?:\*\*)?:)"
    r"|explanation of (?:the |my )?changes|what i(?:['’]ve| have)? changed)\b.*\Z",
    re.IGNORECASE | re.DOTALL,
)
"""What was changed, told behind a rewritten text, to its end."""
_REFUSAL = re.compile(
    r"\s*(?:(?:i['’]?m|i am|we are|we['’]re) (?:really |very |so )?(?:sorry|afraid)|sorry|apologies"
    r"|unfortunately|i apologi[sz]e)?[,.;]?\s*(?:but |that )?(?:as an? (?:ai|artificial|language)\b"
    r"|(?:i|we) (?:can['’]?t|can ?not|could not|couldn['’]t|am unable to|['’]m unable to|am not able to"
    r"|do not have|don['’]t have|['’]m not able to|will not|won['’]t)\b[^.\n]{0,60}?"
    r"\b(?:assist|help|fulfil+|comply|provide|do that|rewrite|summari[sz]e|translate|answer|access"
    r"|generate|complete|process|request))",
    re.IGNORECASE,
)
_QUOTES = {'"': '"', "“": "”", "„": "“", "«": "»", "'": "'", "`": "`", "「": "」"}
_FENCE = re.compile(r"\A```[\w-]*\n(.*?)(?:\n```\s*)?\Z", re.DOTALL)


@dataclass(frozen=True)
class Shape:
    """What a result may be. `sentences` 0: as many as there are. `line`: one line, without a stop.

    `source` is the text that was worked on: what it begins with itself is no preamble.
    """

    sentences: int = 0
    line: bool = False
    source: str = ""


def is_refusal(text: str, source: str = "") -> bool:
    """Whether a text declines to do the work. A text that says it is sorry is none, nor is one
    that was made of a refusal."""
    bare, worked_on = text.lstrip("\"'“ "), source.lstrip("\"'“ ")
    return _REFUSAL.match(bare) is not None and _REFUSAL.match(worked_on) is None


def shaped(text: str, shape: Shape, *, whole: bool = True) -> str:
    """The result in what the model wrote. With `whole` False more may come."""
    text = plain(text)
    if whole and (fenced := _FENCE.match(text.strip())):
        text = fenced[1]
    text = _without_preamble(text, shape.source).lstrip()
    for behind in (_ACCOUNT, _CLOSING):
        if behind.search(shape.source) is None:
            text = behind.sub("", text).rstrip()
    if not shape.source or _unwrapped(shape.source.strip()) == shape.source.strip():
        text = _unwrapped(text)
    if shape.line:
        text = _one_line(text)
    return _first_sentences(text, shape.sentences) if shape.sentences else text


def _without_preamble(text: str, source: str) -> str:
    for pattern in (_PREAMBLE, _ONLY_COURTESY):
        if pattern.match(source) is None and (found := pattern.match(text)):
            text = text[found.end() :]
    return text


def _unwrapped(text: str) -> str:
    """Without quotes around the whole; one that opens and closes inside the text stays."""
    closing = _QUOTES.get(text[:1])
    if closing is None:
        return text
    inner = text[1:-1] if text.endswith(closing) and len(text) > 1 else text[1:]
    if text[0] in inner or closing in inner:
        return text
    return inner.strip() if text.endswith(closing) else text


def _may_be_wrapped(text: str) -> bool:
    """Whether an opening quote has not been closed before the end so far."""
    closing = _QUOTES.get(text[:1])
    return closing is not None and text.find(closing, 1) in (-1, len(text) - 1)


def _one_line(text: str) -> str:
    line = next((line for line in text.split("\n") if line.strip(" #*_-")), "")
    return _unwrapped(line.strip(" #*_\t").rstrip(".。")).strip().rstrip(".。")


def _first_sentences(text: str, count: int) -> str:
    found = split(text)
    return text[: found[count - 1].end] if len(found) > count else text


@dataclass
class Shaper:
    """Shapes an answer while it comes. `feed` gives what is certain; `finish` gives the rest."""

    shape: Shape
    raw: str = field(default="", init=False)
    shown: str = field(default="", init=False)

    @property
    def is_full(self) -> bool:
        """Whether more would only be cut away."""
        text = shaped(self.raw, replace(self.shape, sentences=0), whole=False)
        if self.shape.line:
            return bool(text) and "\n" in self.raw.lstrip()
        return 0 < self.shape.sentences < len(split(text))

    @property
    def is_refusing(self) -> bool:
        return not self.shown and is_refusal(self.raw[: HEAD_CHARS * 2], self.shape.source)

    def feed(self, piece: str) -> str:
        """What of the answer can be shown now, after what was shown before."""
        self.raw += piece
        if len(self.raw) < HEAD_CHARS or self.shape.line or self.raw.lstrip().startswith("```"):
            return ""
        text = shaped(self.raw, self.shape, whole=False)
        return "" if _may_be_wrapped(text) else self._show(text[: self._certain(text)])

    def _certain(self, text: str) -> int:
        if not self.shape.sentences:
            return self._at_word(text, len(text) - TAIL_CHARS)
        found = split(text)[:-1]  # the last one may go on
        return found[-1].end if found else 0

    @staticmethod
    def _at_word(text: str, most: int) -> int:
        """Before white space, so that a stripped end is never shown; wide scripts have none."""
        cut = max(text.rfind(" ", 0, max(most, 0)), 0)
        return cut if most - cut < TAIL_CHARS else max(most, 0)

    def finish(self, *, was_cut: bool = False) -> str:
        """The rest. An answer that ran into its limit ends with its last whole sentence, if short."""
        text = shaped(self.raw, self.shape)
        if was_cut and self.shape.sentences and len(found := split(text)) > 1:
            text = text[: found[-2].end]
        return self._show(text)

    def _show(self, text: str) -> str:
        if not text.startswith(self.shown):
            return ""
        fresh, self.shown = text[len(self.shown) :], text if len(text) > len(self.shown) else self.shown
        return fresh
