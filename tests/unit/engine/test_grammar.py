"""GBNF: what it means, what is refused, and that the refusal comes at once and says why."""

from dataclasses import dataclass
from itertools import product

import llguidance
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingle.engine.child.gbnf import (
    Alt,
    Chars,
    Node,
    Ref,
    Repeat,
    Rules,
    Seq,
    parse,
)
from ingle.engine.child.grammar import to_lark
from ingle.errors import InvalidParams


def char(text: str) -> Chars:
    return Chars(((ord(text), ord(text)),))


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ('"ab"', Seq((char("a"), char("b")))),
        ("[a-c_]", Chars(((97, 99), (95, 95)))),
        (r"[^\x00-\x1f\]-]", Chars(((0, 31), (93, 93), (45, 45)), negated=True)),
        (r'"\"\\\n\u00e9\U0001F30A"', Seq(tuple(map(char, '"\\\né🌊')))),
        (".", Chars((), negated=True)),
        ('x | "b"', Alt((Ref("x"), Seq((char("b"),))))),
        ('x | \n "b"', Alt((Ref("x"), Seq((char("b"),))))),
        ("x y", Seq((Ref("x"), Ref("y")))),
        ("(x\n y # why\n)", Seq((Ref("x"), Ref("y")))),
        ("x*", Repeat(Ref("x"), 0, None)),
        ("x+", Repeat(Ref("x"), 1, None)),
        ("x?", Repeat(Ref("x"), 0, 1)),
        ("x{2}", Repeat(Ref("x"), 2, 2)),
        ("x{ 2 , }", Repeat(Ref("x"), 2, None)),
        ("x{2,3}", Repeat(Ref("x"), 2, 3)),
        ("x{2,5000}", Repeat(Ref("x"), 2, None)),
        ("x{0}", Seq(())),
        ('"ab"+', Repeat(Seq((char("a"), char("b"))), 1, None)),
        ("()", Seq(())),
    ],
)
def test_a_rule_means(text: str, meant: Node):
    rules = parse(f'root ::= {text}\nx ::= "x"\ny ::= "y"\n')
    assert rules["root"] == meant
    assert set(rules) == {"root", "x", "y"}


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "needs a rule `root`"),
        ("# nothing", "needs a rule `root`"),
        ('start ::= "a"', "needs a rule `root`"),
        ("root ::= missing", "no rule 'missing'"),
        ("root ::= (", "line 1, column 11"),
        ('root ::= "a', "more is expected"),
        ("root ::= [a", "more is expected"),
        ("root ::= []", "a character"),
        ("root ::= [z-a]", "range"),
        (r'root ::= "\q"', "escape"),
        (r'root ::= "\xg0"', "hexadecimal"),
        (r'root ::= "\U00110000"', "number of a character"),
        (r'root ::= "\ud800"', "number of a character"),
        ('root ::= "a\0b"', "null"),
        ("root = x", "'::='"),
        ('root ::= "a" )', "end of the line"),
        ('root ::= "a" <[7]>', "end of the line"),
        ("root ::= *", "something to repeat"),
        ('root ::= "a"{', "a number"),
        ('root ::= "a"{1,2', "'}'"),
        ('root ::= "a"{3,2}', "3 to 2"),
        ('root ::= "a"{100000000}', "2000 times"),
        ('root ::= "a"' + "{2}" * 20, "something to repeat"),
        ('root ::= "é"\n  nonsense', "line 2"),
        ('root ::= root "a"', "'root' refers to itself"),
        ('root ::= root "a" | "b"', "'root' refers to itself"),
        ('root ::= a root "x" | "y"\na ::= b\nb ::= ""', "'root' refers to itself"),
        ('root ::= a\na ::= b "x"\nb ::= "y"? a | "z"', "refers to itself"),
        ('root ::= ("a"*)*', "repeats without end what may be empty"),
        ('root ::= (a?)+\na ::= b\nb ::= (c | d)\nc ::= ""\nd ::= a2\na2 ::= c', "may be empty"),
        ('root ::= "a" root', "ever ends"),
        ('root ::= "a" b\nb ::= "c" b | root', "ever ends"),
        ('root ::= ("a"{1,2000}){1,2000}', "20000 symbols"),
        ("root ::= (((a{1000}){1000}){1000}) \na ::= [a]", "20000 symbols"),
        ('root ::= "a"{0,2000} ' + '"a"{0,2000} ' * 20, "20000 symbols"),
        ('root ::= "' + "".join(map(chr, range(0x4E00, 0x4E00 + 1500))) + '"', "1000 different"),
        ("root ::= " + "(" * 10_000 + '"a"' + ")" * 10_000, "50 deep"),
        ("\n".join(f'r{n} ::= "a"' for n in range(2000)), "1000 rules"),
        ("\ud7ff" * 100_000, "65536 characters"),
        ('root ::= "a"' + " | x" * 9000 + "\nx ::= y\ny ::= x", "to itself"),
    ],
)
def test_what_cannot_be_kept_is_refused_with_its_reason(text: str, why: str):
    with pytest.raises(InvalidParams) as caught:
        to_lark(text)
    assert why in caught.value.message
    assert len(caught.value.message) < 300


@pytest.mark.parametrize(
    "text",
    [
        "\n".join(
            ["root ::= r0", *(f"r{n} ::= r{n + 1} | r{n + 1}" for n in range(900)), 'r900 ::= "a"']
        ),
        "\n".join(["root ::= r0", *(f"r{n} ::= r{n + 1} r{n + 1}" for n in range(900)), 'r900 ::= "a"']),
        'root ::= "-" root "b" | "-" root "c" | "d"',
        "root ::= " + "r " * 9000 + '\nr ::= "a"',
    ],
)
def test_what_only_looks_like_a_bomb_is_understood(text: str):
    """llama.cpp's own check takes time that doubles with every rule of the first of these."""
    assert to_lark(text)


# ---- the same language, judged by llguidance and by a matcher that tries everything

LETTERS = "abé"
NAMES = ("root", "x", "y")


def sets() -> st.SearchStrategy[str]:
    return st.sampled_from(["[a-b]", "[^a]", ".", "[é]", "[^aé]"])


def literals() -> st.SearchStrategy[str]:
    return st.text(LETTERS, max_size=3).map(lambda text: f'"{text}"')


def expressions() -> st.SearchStrategy[str]:
    leaves = st.one_of(literals(), sets(), st.sampled_from(["x", "y"]))
    times = st.sampled_from(["*", "+", "?", "{2}", "{0,2}", "{1,3}", "{2,}"])
    return st.recursive(
        leaves,
        lambda inner: st.one_of(
            st.tuples(inner, times).map(lambda pair: f"({pair[0]}){pair[1]}"),
            st.lists(inner, min_size=1, max_size=3).map(" ".join),
            st.lists(inner, min_size=2, max_size=3).map(lambda some: f"({' | '.join(some)})"),
        ),
        max_leaves=6,
    )


grammars = st.tuples(*[expressions()] * 3).map(
    lambda rules: "\n".join(f"{name} ::= {rule}" for name, rule in zip(NAMES, rules, strict=True))
)


@dataclass
class Reader:
    """Reads by trying everything; gives up when that takes too long."""

    rules: Rules
    text: str
    patience: int = 5000

    def ends(self, node: Node, start: int) -> set[int]:
        """Where what `node` describes may end, if it begins at `start`."""
        self.patience -= 1
        if self.patience < 0:
            raise OverflowError
        match node:
            case Chars():
                return {start + 1} if self._is_in(node, start) else set()
            case Ref(name):
                return self.ends(self.rules[name], start)
            case Alt(options):
                return set().union(*(self.ends(option, start) for option in options))
            case Seq(items):
                found = {start}
                for item in items:
                    found = self._after(found, item)
                return found
            case Repeat():
                return self._repeated(node, start)

    def _after(self, starts: set[int], node: Node) -> set[int]:
        return set().union(*(self.ends(node, start) for start in starts))

    def _is_in(self, node: Chars, at: int) -> bool:
        inside = at < len(self.text) and any(
            first <= ord(self.text[at]) <= last for first, last in node.ranges
        )
        return at < len(self.text) and inside != node.negated

    def _repeated(self, node: Repeat, start: int) -> set[int]:
        here, found = {start}, {start} if node.least == 0 else set()
        most = len(self.text) + node.least + 1 if node.most is None else node.most
        for count in range(1, most + 1):
            here = self._after(here, node.item)
            found |= here if count >= node.least else set()
        return found


@settings(max_examples=150)
@given(grammars)
def test_llguidance_accepts_the_language_that_gbnf_means(text: str):
    try:
        lark = to_lark(text)
    except InvalidParams:
        return
    rules = parse(text)
    tokenizer = llguidance.LLTokenizer("byte")
    source = llguidance.LLMatcher.grammar_from_lark(lark)
    for length in range(4):
        for letters in product(LETTERS, repeat=length):
            word = "".join(letters)
            try:
                meant = len(word) in Reader(rules, word).ends(rules["root"], 0)
            except OverflowError:
                return
            matcher = llguidance.LLMatcher(tokenizer, source, log_level=0)
            taken = matcher.try_consume_tokens(list(word.encode()))
            accepted = taken == len(word.encode()) and matcher.is_accepting()
            assert accepted == meant, word
