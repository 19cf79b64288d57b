"""Which grammars a request may be held to, and their form for `constraint`.

A grammar is bounded and understood here before anything compiles it, so that what cannot be kept
is refused at once and says why. llama.cpp's own grammars are not used: some that it accepts make
it loop for ever, run out of memory or abort while a text is written. Pure.
"""

import math
from collections import defaultdict
from collections.abc import Iterator
from typing import TypeGuard

from ingle.engine.child.gbnf import Alt, Chars, Node, Ref, Repeat, Rules, Seq, children, parse, walk
from ingle.errors import InvalidParams

MAX_GRAMMAR_CHARS = 64 * 1024
MAX_RULES = 1000
MAX_SYMBOLS = 20_000
"""Of all rules with their repetitions written out."""
MAX_SETS = 1000
"""Different sets of characters: each is a lexeme, of some 10 kB."""

ROOT = "root"


def to_lark(text: str) -> str:
    """A GBNF grammar in llguidance's dialect of Lark. Raises `InvalidParams`.

    Every character is a lexeme of its own: longer ones are matched greedily there, and GBNF is not.
    """
    if len(text) > MAX_GRAMMAR_CHARS:
        raise InvalidParams(f"a grammar may have {MAX_GRAMMAR_CHARS} characters at most")
    if "\0" in text:
        raise InvalidParams("a grammar may not contain a null character")
    rules = parse(text)
    _check_size(rules)
    _check_meaning(rules)
    names = {name: "start" if name == ROOT else f"r{index}" for index, name in enumerate(rules)}
    return "".join(f"{names[name]}: {_lark(rule, names)}\n" for name, rule in rules.items())


def _check_size(rules: Rules) -> None:
    if len(rules) > MAX_RULES:
        raise InvalidParams(f"a grammar may have {MAX_RULES} rules at most")
    if sum(map(_size, rules.values())) > MAX_SYMBOLS:
        raise InvalidParams(
            f"a grammar may have {MAX_SYMBOLS} symbols at most, its repetitions written out"
        )
    sets = {node for rule in rules.values() for node in walk(rule) if isinstance(node, Chars)}
    if len(sets) > MAX_SETS:
        raise InvalidParams(f"a grammar may have {MAX_SETS} different characters and sets at most")


def _size(node: Node) -> int:
    inner = 1 + sum(map(_size, children(node)))
    return inner * (node.most or node.least + 1) if isinstance(node, Repeat) else inner


def _check_meaning(rules: Rules) -> None:
    """All names mean something, and reading a text always moves on and can come to an end."""
    if ROOT not in rules:
        raise InvalidParams("a grammar needs a rule `root`")
    for node in (node for rule in rules.values() for node in walk(rule)):
        if isinstance(node, Ref) and node.name not in rules:
            raise InvalidParams(f"the grammar has no rule {node.name[:80]!r}")
    empty = _holding(rules, of_character=False)
    for name, rule in rules.items():
        if any(_is_endless(node) and id(node.item) in empty for node in walk(rule)):
            raise InvalidParams(f"the grammar's rule {name!r} repeats without end what may be empty")
    if recursive := _left_recursive(rules, empty):
        raise InvalidParams(f"the grammar's rule {recursive!r} refers to itself at its left end")
    if id(rules[ROOT]) not in _holding(rules, of_character=True):
        raise InvalidParams("no text of the grammar's rule `root` ever ends")


def _holding(rules: Rules, *, of_character: bool) -> set[int]:
    """The `id`s of nodes for which something holds that holds for a sequence if it does for every
    part, for a choice if it does for one: being able to be empty, or, with `of_character`, to end.

    In time linear in the size: each node waits for so many others, and is looked at once it
    holds (Dowling and Gallier, 1984, for Horn formulae).
    """
    awaited: dict[int, float] = {}
    waiting: defaultdict[int, list[int]] = defaultdict(list)
    for node in (node for rule in rules.values() for node in walk(rule)):
        if id(node) not in awaited:
            awaited[id(node)] = _awaits(node, of_character)
            for other in [rules[node.name]] if isinstance(node, Ref) else children(node):
                waiting[id(other)].append(id(node))
    held: set[int] = set()
    fresh = [key for key, count in awaited.items() if count == 0]
    while fresh:
        held.add(done := fresh.pop())
        for key in waiting[done]:
            awaited[key] -= 1
            if awaited[key] == 0:
                fresh.append(key)
    return held


def _awaits(node: Node, of_character: bool) -> float:
    """How many of what a node is made of have to hold for it to hold."""
    match node:
        case Chars():
            return 0 if of_character else math.inf
        case Seq(items):
            return len(items)
        case Repeat():
            return min(node.least, 1)
        case _:
            return 1


def _is_endless(node: Node) -> TypeGuard[Repeat]:
    return isinstance(node, Repeat) and node.most is None


def _left_recursive(rules: Rules, empty: set[int]) -> str | None:
    """A rule that can begin with itself."""
    firsts = {name: list(_firsts(rule, empty)) for name, rule in rules.items()}
    done: set[str] = set()
    for start in rules:
        path: dict[str, Iterator[str]] = {}
        name: str | None = start
        while name is not None:
            if name in path:
                return name
            if name not in done:
                path[name] = iter(firsts[name])
            name = _next(path, done)
    return None


def _next(path: dict[str, Iterator[str]], done: set[str]) -> str | None:
    """Depth first: the next name from the end of the path; what has no more is done."""
    while path:
        last = next(reversed(path))
        for name in path[last]:
            return name
        del path[last]
        done.add(last)
    return None


def _firsts(node: Node, empty: set[int]) -> Iterator[str]:
    """The rules with which a text of the node can begin."""
    if isinstance(node, Ref):
        yield node.name
    for child in children(node):
        yield from _firsts(child, empty)
        if isinstance(node, Seq) and id(child) not in empty:
            return


def _lark(node: Node, names: dict[str, str]) -> str:
    match node:
        case Chars(ranges, negated):
            return _set(ranges, negated)
        case Ref(name):
            return names[name]
        case Seq(()):
            return '""'
        case Seq(items):
            return " ".join(_lark(item, names) for item in items)
        case Alt(options):
            return "(" + " | ".join(_lark(option, names) for option in options) + ")"
        case Repeat(item, least, most):
            return f"({_lark(item, names)}){{{least},{'' if most is None else most}}}"


def _set(ranges: tuple[tuple[int, int], ...], negated: bool) -> str:
    if not ranges:
        return "/(?s:.)/"
    inside = "".join(
        f"\\x{{{first:x}}}" + (f"-\\x{{{last:x}}}" if last > first else "") for first, last in ranges
    )
    return f"/[{'^' if negated else ''}{inside}]/"
