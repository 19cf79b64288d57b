"""Prompts whose length is known and that no cache has seen, and when they are sent. Pure values.

Words are chosen so that each is one token of the model at hand, and drawn at random: two prompts
share nothing but what they are meant to share.
"""

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from ingle.vocabulary import Priority

_TEXT = """
time year people way day man thing woman life child world school state family student group country
problem hand part place case week company system program question work government number night point
home water room mother area money story fact month lot right study book eye job word business issue
side kind head house service friend father power hour game line end member law car city community name
president team minute idea body information back parent face others level office door health person art
war history party result change morning reason research girl guy moment air teacher force education
apple river stone green paper light music table window garden summer winter street village island
mountain forest ocean desert valley bridge tower castle market kitchen dinner butter sugar coffee
"""
CANDIDATES = tuple(_TEXT.split())

CYCLE = 30
"""Words that are said over and over in a long prompt. A model that has seen them a few times goes on
with them, so that an answer is as long as was asked for without a flag that only one side has."""

LEAST_WORDS = 60


@dataclass(frozen=True)
class Prompt:
    """A question as both sides get it; `begun` is how the answer begins, for the model to go on."""

    system: str
    user: str
    begun: str = ""

    def turns(self) -> list[tuple[str, str]]:
        """(role, content), as the templates want them."""
        said = [("system", self.system), ("user", self.user), ("assistant", self.begun)]
        return [(role, content) for role, content in said if content]


class Words:
    """Texts of so many words; the same seed gives the same texts in the same order."""

    def __init__(self, words: Sequence[str], seed: int) -> None:
        if len(words) < LEAST_WORDS:
            raise ValueError(f"{len(words)} words are too few for texts that share nothing")
        self._words, self.random = tuple(words), random.Random(seed)

    def unique(self, count: int) -> str:
        """Words in an order that does not come again."""
        return " ".join(self.random.choices(self._words, k=count))

    def looping(self, count: int) -> str:
        """A few words in an order that does not come again, over and over, `count` words in all."""
        cycle = self.random.sample(self._words, CYCLE)
        return " ".join((cycle * (count // CYCLE + 1))[:count])


def single_tokens(tokens_of: Callable[[str], int], candidates: Sequence[str] = CANDIDATES) -> list[str]:
    """The candidates that are one token after a space, by counting the tokens of texts."""
    doubled = {word: tokens_of(f"{word} {word}") - tokens_of(word) for word in dict.fromkeys(candidates)}
    return [word for word, count in doubled.items() if count == 1]


@dataclass(frozen=True)
class Load:
    """Work in the background, and a person who asks now and then.

    `lanes` programs send one job after the other, `jobs` in all and on until `least_s` have passed,
    so that a fast machine has its questions too; or, with `window_s`, for as long as that lasts. The
    person asks about every `every_s` seconds, whether answered or not (open loop).
    """

    name: str
    lanes: int
    jobs: int
    job_words: int
    job_tokens: int
    ask_words: int = 0
    """New to the cache; 0 is a background that nobody disturbs."""
    ask_tokens: int = 16
    every_s: float = 3.0
    least_s: float = 15.0
    longest_s: float = 120.0
    """A round that takes longer is given up: what has come counts."""
    window_s: float | None = None
    job_priority: Priority = "background"

    def shrunk(self) -> "Load":
        """A fifth of the work, to see whether everything runs."""
        return replace(
            self,
            jobs=min(self.jobs, self.lanes),
            job_words=self.job_words // 5,
            job_tokens=self.job_tokens // 5,
            least_s=self.least_s / 4,
            longest_s=self.longest_s / 4,
            window_s=self.window_s and self.window_s / 4,
        )


@dataclass(frozen=True)
class Plan:
    """One round of a load; both sides get the same one."""

    load: Load
    lanes: tuple[tuple[Prompt, ...], ...]
    """More than will be sent."""
    each: int
    """Jobs that a lane does whatever the time."""
    asks: tuple[tuple[float, Prompt], ...]
    """Seconds after the start, rising, and what is asked then."""
    until_s: float
    """The end of the round, whatever is finished."""


MOST_JOBS = 40
"""Of a lane."""


def planned(load: Load, words: Words, system: str) -> Plan:
    """A round of `load` with prompts that never were; asks share `system`, jobs share nothing."""
    until_s = load.window_s or load.longest_s
    moments = arrivals(words.random, load.every_s, until_s) if load.ask_words else ()
    asks = tuple((at, Prompt(system, words.unique(load.ask_words))) for at in moments)
    lanes = tuple(tuple(job(load, words) for _ in range(MOST_JOBS)) for _ in range(load.lanes))
    each = MOST_JOBS if load.window_s else -(-load.jobs // load.lanes)
    return Plan(load, lanes, each, asks, until_s)


def job(load: Load, words: Words) -> Prompt:
    """Something long to read, with an answer that goes on and on."""
    said = words.looping(load.job_words).split()
    return Prompt("", " ".join(said[: -2 * CYCLE]), " ".join(said[-2 * CYCLE :]))


def arrivals(source: random.Random, every_s: float, until_s: float) -> Iterator[float]:
    """Moments up to `until_s`, two to four thirds of `every_s` apart: never in step with what they meet."""
    at = every_s / 2
    while at < until_s:
        yield at
        at += source.uniform(2 / 3, 4 / 3) * every_s
