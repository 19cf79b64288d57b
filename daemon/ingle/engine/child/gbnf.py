"""GBNF, llama.cpp's grammar notation: from text to a tree of rules. Pure.

The notation is that of llama.cpp's `grammars/README.md`: rules of characters, sets of characters,
references, groups, alternatives and repetitions. Its sets of tokens (`<[7]>`) are not understood:
a grammar speaks about text.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import NoReturn

from ingle.errors import InvalidParams

MAX_DEPTH = 50
"""Of parentheses: trees are walked by recursion."""
MAX_REPEAT = 2000
"""An upper bound beyond it is none, as in llama.cpp; a lower one is an error."""

MAX_STACKED = 2
"""Repetitions of a repetition without parentheses."""

LAST_CHARACTER = 0x10FFFF
_SURROGATES = range(0xD800, 0xE000)


@dataclass(frozen=True, slots=True)
class Chars:
    """One character in (or, `negated`, outside of) inclusive ranges of code points."""

    ranges: tuple[tuple[int, int], ...]
    negated: bool = False


@dataclass(frozen=True, slots=True)
class Ref:
    """What the rule of this name describes."""

    name: str


@dataclass(frozen=True, slots=True)
class Seq:
    """One after the other; none is the empty text."""

    items: "tuple[Node, ...]"


@dataclass(frozen=True, slots=True)
class Alt:
    """One of them."""

    options: "tuple[Node, ...]"


@dataclass(frozen=True, slots=True)
class Repeat:
    """So many times; `most` None is without end."""

    item: "Node"
    least: int
    most: int | None


Node = Chars | Ref | Seq | Alt | Repeat
Rules = dict[str, Node]

ANY = Chars((), negated=True)

_ESCAPES = {"t": "\t", "r": "\r", "n": "\n"} | {char: char for char in '\\"[]-'}
_HEX_DIGITS = {"x": 2, "u": 4, "U": 8}
_REPEATS: dict[str, tuple[int, int | None]] = {"*": (0, None), "+": (1, None), "?": (0, 1)}


def parse(text: str) -> Rules:
    """The rules by name. Raises `InvalidParams` that says what stands where."""
    return _Parser(text).rules()


def children(node: Node) -> tuple[Node, ...]:
    """What a node is made of."""
    match node:
        case Seq(items):
            return items
        case Alt(options):
            return options
        case Repeat(item):
            return (item,)
        case _:
            return ()


def walk(node: Node) -> Iterator[Node]:
    """A node and all that it is made of."""
    pending = [node]
    while pending:
        node = pending.pop()
        yield node
        pending += children(node)


class _Parser:
    """Recursive descent, with the white space that llama.cpp allows: a rule ends with its line,
    unless a parenthesis is open."""

    def __init__(self, text: str) -> None:
        self._text, self._at, self._depth = text, 0, 0

    def rules(self) -> Rules:
        found: Rules = {}
        self._space(lines=True)
        while self._at < len(self._text):
            name = self._name()
            self._space()
            self._expect("::=")
            self._space(lines=True)
            found[name] = self._alternatives()
            if self._at < len(self._text) and self._peek() not in "\r\n":
                self._fail("the end of the line")
            self._space(lines=True)
        return found

    def _alternatives(self) -> Node:
        options = [self._sequence()]
        while self._peek() == "|":
            self._at += 1
            self._space(lines=True)
            options.append(self._sequence())
        return options[0] if len(options) == 1 else Alt(tuple(options))

    def _sequence(self) -> Node:
        items: list[Node] = []
        stacked = MAX_STACKED
        while (char := self._peek()) and (char in '"[(.*+?{' or _is_word(char)):
            if char in "*+?{":
                if stacked == MAX_STACKED:
                    self._fail(f"something to repeat before {char!r}")
                stacked += 1
                items.append(_repeated(items.pop(), *self._times()))
            else:
                stacked = 0
                items.append(self._item(char))
            self._space(lines=self._depth > 0)
        return items[0] if len(items) == 1 else Seq(tuple(items))

    def _item(self, char: str) -> Node:
        match char:
            case '"':
                return self._literal()
            case "[":
                return self._set()
            case "(":
                return self._group()
            case ".":
                self._at += 1
                return ANY
        return Ref(self._name())

    def _group(self) -> Node:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise InvalidParams(f"parentheses in a grammar may be {MAX_DEPTH} deep at most")
        self._at += 1
        self._space(lines=True)
        node = self._alternatives()
        self._depth -= 1
        self._expect(")")
        return node

    def _literal(self) -> Node:
        self._at += 1
        codes = []
        while self._peek() != '"':
            codes.append(self._code())
        self._at += 1
        return Seq(tuple(map(_char, codes)))

    def _set(self) -> Node:
        self._at += 1
        negated = self._peek() == "^"
        self._at += negated
        ranges = []
        while self._peek() != "]":
            first = last = self._code()
            if self._peek() == "-" and self._text[self._at + 1 : self._at + 2] != "]":
                self._at += 1
                last = self._code()
            if last < first:
                self._fail("a range of characters that does not end before it begins")
            ranges.append((first, last))
        self._at += 1
        if not ranges:
            self._fail("a character between '[' and ']'")
        return Chars(tuple(ranges), negated)

    def _code(self) -> int:
        """A character as a code point, escaped or not."""
        char = self._take()
        if char != "\\":
            return ord(char)
        kind = self._take()
        if kind in _HEX_DIGITS:
            return self._hex(_HEX_DIGITS[kind])
        if kind not in _ESCAPES:
            self._at -= 1
            self._fail("a known escape after '\\'")
        return ord(_ESCAPES[kind])

    def _hex(self, digits: int) -> int:
        found = self._text[self._at : self._at + digits]
        if len(found) < digits or set(found) - set("0123456789abcdefABCDEF"):
            self._fail(f"{digits} hexadecimal digits")
        code = int(found, 16)
        if code > LAST_CHARACTER or code in _SURROGATES:
            self._fail("the number of a character")
        self._at += digits
        return code

    def _times(self) -> tuple[int, int | None]:
        sign = self._take()
        if sign in _REPEATS:
            return _REPEATS[sign]
        self._space()
        least = self._count()
        most: int | None = least
        if self._peek() == ",":
            self._at += 1
            self._space()
            most = self._count() if self._peek().isdecimal() else None
        self._expect("}")
        if least > MAX_REPEAT:
            raise InvalidParams(f"a grammar may repeat something {MAX_REPEAT} times, not {least}")
        if most is not None and most < least:
            raise InvalidParams(f"a grammar repeats something {least} to {most} times")
        return least, most if most is None or most <= MAX_REPEAT else None

    def _count(self) -> int:
        begun = self._at
        while self._peek() in _DIGITS:
            self._at += 1
        digits = self._text[begun : self._at]
        if not digits:
            self._fail("a number")
        self._space()
        return int(digits) if len(digits) <= 18 else 10**18

    def _name(self) -> str:
        begun = self._at
        while _is_word(self._peek()):
            self._at += 1
        if self._at == begun:
            self._fail("the name of a rule")
        return self._text[begun : self._at]

    def _space(self, *, lines: bool = False) -> None:
        while char := self._peek():
            if char == "#":
                while self._peek() not in ("", "\r", "\n"):
                    self._at += 1
            elif char in " \t" or (lines and char in "\r\n"):
                self._at += 1
            else:
                return

    def _peek(self) -> str:
        return self._text[self._at : self._at + 1]

    def _take(self) -> str:
        char = self._peek()
        if not char:
            self._fail("more")
        self._at += 1
        return char

    def _expect(self, wanted: str) -> None:
        if not self._text.startswith(wanted, self._at):
            self._fail(repr(wanted))
        self._at += len(wanted)

    def _fail(self, wanted: str) -> NoReturn:
        line = self._text.count("\n", 0, self._at) + 1
        begun = self._text.rfind("\n", 0, self._at) + 1
        raise InvalidParams(
            f"the grammar is not valid GBNF: line {line}, column {self._at - begun + 1}:"
            f" {wanted} is expected"
        )


_DIGITS = tuple("0123456789")


@lru_cache(1024)
def _char(code: int) -> Chars:
    return Chars(((code, code),))


def _repeated(item: Node, least: int, most: int | None) -> Node:
    nothing = Seq(())
    return nothing if most == 0 or item == nothing else Repeat(item, least, most)


def _is_word(char: str) -> bool:
    return bool(char) and char.isascii() and (char.isalnum() or char == "-")
