"""The tier of a model: judged by rules on a built-in set."""

import pytest

from fakes.toy_engine import ToyEngine, toy_model
from ingle.assistant.evaluation import WRITING, Case, cases, evaluate, tier_of
from ingle.assistant.turn import Turn


def test_the_built_in_set_covers_what_tiers_are_made_of() -> None:
    assert {case.ability for case in cases()} >= set(WRITING)
    assert all(case.has or case.whole for case in cases())


@pytest.mark.parametrize(
    ("answer", "is_met"),
    [
        ("It leaves from pier 3.", True),
        ("It leaves from pier 30.", True),
        ("It leaves from pier 13.", False),
        ("It leaves from pier 3, not pier 2.", False),
        ("From pier 3 it leaves on every single day of the year.", False),
        ("", False),
    ],
)
def test_an_answer_is_held_to_its_rules(answer: str, is_met: bool) -> None:
    case = Case(ability="answer", prompt="?", has=("3",), lacks=("pier 2",), most_words=8)
    assert case.is_met(answer) is is_met


@pytest.mark.parametrize(
    ("answer", "is_met"), [("Yes.", True), ("**yes**", True), ("Yes, it is", False)]
)
def test_a_whole_answer_is_nothing_else(answer: str, is_met: bool) -> None:
    assert Case(ability="follow", prompt="?", whole=("yes",)).is_met(answer) is is_met


@pytest.mark.parametrize(
    ("passed", "reason", "tier"), [(1, 0, "tiny"), (3, 0, "small"), (4, 4, "medium"), (4, 0, "small")]
)
def test_the_tier_follows_from_what_was_solved(passed: int, reason: int, tier: str) -> None:
    abilities = dict.fromkeys(WRITING, (passed, 4)) | {"reason": (reason, 4)}
    assert tier_of(abilities) == tier


def test_nothing_measured_is_tiny() -> None:
    assert tier_of({}) == "tiny"


async def test_a_model_that_says_the_same_to_everything_is_tiny() -> None:
    engine, heard = ToyEngine(), list[str]()
    result = await evaluate(Turn(engine, toy_model(), "normal"), heard.append)
    assert result.tier == "tiny"
    assert sum(case.total for case in result.cases) == len(cases()) == len(heard)
    assert all(params.temperature == 0 for params in engine.generated)
