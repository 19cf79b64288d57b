import pytest

from ingle.cli.run import arguments
from ingle.errors import InvalidParams


def test_any_skill_with_arguments(ingle, daemon, text_file):
    assert ingle("run", "translate", str(text_file), "--arg", "language=German=Deutsch").code == 0
    params = daemon.params("skill.run")
    assert (params.skill, params.args) == ("translate", {"language": "German=Deutsch"})


def test_a_skill_with_an_adapter(ingle, daemon, text_file):
    ingle("run", "fix", str(text_file), "--adapter", "house-rules")
    assert daemon.params("skill.run").adapter == "house-rules"


def test_the_list_of_skills(ingle, daemon):
    ran = ingle("run", "--list")
    for part in ("rewrite", "small", "unavailable", "--arg tone=...", "formal, friendly"):
        assert part in ran.out
    assert ingle("run", "--list", "--json").json[0]["name"] == "rewrite"


def test_the_list_tells_a_person_what_is_missing(at_terminal, daemon):
    assert "ingle model pull qwen" in at_terminal("run", "-l").err


def test_no_skill_is_a_wrong_command_line(ingle, daemon):
    ran = ingle("run")
    assert ran.code == 2
    assert "--list" in ran.err


@pytest.mark.parametrize("pair", ["nothing", "=value", ""])
def test_arguments_have_a_name(pair):
    with pytest.raises(InvalidParams, match="NAME=VALUE"):
        arguments([pair])
