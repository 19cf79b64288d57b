"""Skills from TOML: ours are whole, people's own are checked, a broken one costs no other."""

from pathlib import Path

import pytest

from ingle.assistant.skills import BUILT_IN, Length, SkillSet, filled, parse
from ingle.errors import ConfigError, NotFound

MINIMAL = 'summary = "s"\nneeds = "small"\n[prompt]\nuser = "Do it: {text}"\n'


def test_every_promised_skill_is_there() -> None:
    skills = SkillSet.load().skills
    wanted = {
        "summarize",
        "rewrite",
        "fix",
        "edit",
        "explain",
        "translate",
        "title",
        "extract",
        "classify",
        "ask",
    }
    assert set(skills) == wanted
    assert all(skill.source == BUILT_IN and skill.summary for skill in skills.values())


@pytest.mark.parametrize(
    ("name", "tiny"),
    [
        ("summarize", "extractive"),
        ("title", "scoring"),
        ("ask", "scoring"),
        ("classify", "scoring"),
        ("rewrite", None),
        ("fix", None),
        ("edit", None),
        ("explain", None),
        ("translate", None),
        ("extract", None),
    ],
)
def test_a_tiny_model_only_gets_what_it_cannot_invent(name: str, tiny: str | None) -> None:
    skill = SkillSet.load().skills[name]
    assert skill.strategy_for("tiny") == tiny
    assert skill.strategy_for("tiny", anyway=True) == skill.strategy
    assert skill.strategy_for("medium") == skill.strategy


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("x = ", "my.toml"),
        (MINIMAL + "bogus = 1\n", "unknown key 'bogus'"),
        (MINIMAL.replace("summary", "sumary"), "sumary"),
        ('needs = "small"\n[prompt]\nuser = "{text}"\n', "'summary' is missing"),
        (MINIMAL.replace("small", "huge"), "needs"),
        (MINIMAL.replace("{text}", "{text} {who}"), "{who}"),
        (MINIMAL.replace("{text}", "all"), "exactly once"),
        ('below = "scoring"\n' + MINIMAL, "scoring"),
        ('output = "label"\n' + MINIMAL, "labels"),
        ('output = "json"\nstrategy = "extractive"\n' + MINIMAL, "extractive"),
        ('name = "Not A Name"\n' + MINIMAL, "no name"),
        (MINIMAL + '[args.text]\nhelp = "h"\n', "cannot be an argument"),
        (MINIMAL + '[args.tone]\nhelp = "h"\nkinds = "list"\n', "kinds"),
    ],
)
def test_a_wrong_file_is_named_with_its_fault(text: str, word: str) -> None:
    with pytest.raises(ConfigError, match=r"my\.toml") as caught:
        parse(text, "my.toml")
    assert word in caught.value.message


def test_the_persons_skills_come_first_and_a_broken_one_costs_no_other(tmp_path: Path) -> None:
    (tmp_path / "shout.toml").write_text(MINIMAL)
    (tmp_path / "fix.toml").write_text(MINIMAL.replace("Do it", "Mine"))
    (tmp_path / "broken.toml").write_text("name = 3\n")
    (tmp_path / "binary.toml").write_bytes(b"\xff\xfe\x00")
    (tmp_path / "notes.txt").write_text("not a skill")
    skills = SkillSet.load(tmp_path)
    assert "shout" in skills.skills
    assert skills.skills["fix"].prompt.user.startswith("Mine")
    assert skills.skills["fix"].source == str(tmp_path / "fix.toml")
    assert [one.name for one in skills.broken] == ["binary", "broken"]
    assert len(SkillSet.load().skills) + 1 == len(skills.skills)


def test_a_skill_that_is_not_there_or_broken_says_so(tmp_path: Path) -> None:
    (tmp_path / "broken.toml").write_text("name = 3\n")
    skills = SkillSet.load(tmp_path)
    with pytest.raises(NotFound, match="no skill 'sing'"):
        skills.find("sing")
    with pytest.raises(NotFound, match="broken"):
        skills.find("broken")


def test_a_missing_directory_is_no_fault(tmp_path: Path) -> None:
    assert SkillSet.load(tmp_path / "none").broken == ()


def test_a_prompt_is_filled_once_and_keeps_other_braces() -> None:
    values = {"tone": "{text}", "labels": ["a", "b"], "schema": {"x": 1}, "text": "T"}
    assert (
        filled("{tone} {labels} {schema} {text} {other} {}", values)
        == '{text} a, b {"x": 1} T {other} {}'
    )


def test_an_answers_length_follows_the_text_between_its_bounds() -> None:
    length = Length(share=0.5, least=10, most=100)
    assert [length.of(tokens) for tokens in (0, 100, 1000)] == [10, 50, 100]
