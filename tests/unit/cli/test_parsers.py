import pytest

from ingle.cli import parsers
from ingle.cli.parsers import parse
from ingle.cli.registry import COMMANDS


def test_options_of_every_command_stand_before_and_after_it():
    for argv in (["--json", "status"], ["status", "--json"], ["model", "list", "--json"]):
        _, args = parse(argv)
        assert args.json
        assert not args.quiet
    _, args = parse(["--socket", "/a", "-q", "status", "--no-start"])
    assert (args.socket, args.quiet, args.no_start) == ("/a", True, True)


def test_arguments_of_a_command_are_its_own():
    name, args = parse(["run", "title", "-", "-a", "k=v"])
    assert (name, args.skill, args.file, args.arg) == ("run", "title", "-", ["k=v"])


@pytest.mark.parametrize(
    "argv", [["--help"], ["help"], ["help", "ask"], ["ask", "--help"], ["--version"]]
)
def test_help_is_no_error(argv, capsys):
    with pytest.raises(SystemExit) as leaving:
        parse(argv)
    assert leaving.value.code == 0
    assert "ingle" in capsys.readouterr().out


def test_the_help_lists_every_command_and_every_exit_code(capsys):
    with pytest.raises(SystemExit):
        parse(["--help"])
    text = capsys.readouterr().out
    assert all(f"  {name} " in text for name in COMMANDS)
    assert parsers.exit_codes() in text


@pytest.mark.parametrize("name", COMMANDS)
def test_the_help_of_every_command_has_examples(name, capsys):
    with pytest.raises(SystemExit):
        parse([name, "--help"])
    text = capsys.readouterr().out
    assert "examples:" in text
    assert "--json" in text


def test_a_mistyped_command_gets_a_guess(capsys):
    with pytest.raises(SystemExit) as leaving:
        parse(["sumarize", "x"])
    assert leaving.value.code == 2
    assert "did you mean `ingle summarize`?" in capsys.readouterr().err


def test_nonsense_gets_no_guess(capsys):
    with pytest.raises(SystemExit):
        parse(["xyzzy"])
    assert "did you mean" not in capsys.readouterr().err


@pytest.mark.parametrize("argv", [[], ["ask"], ["status", "--nonsense"], ["model"], ["log", "-n", "-3"]])
def test_a_wrong_command_line_exits_with_2(argv, capsys):
    with pytest.raises(SystemExit) as leaving:
        parse(argv)
    assert leaving.value.code == 2
    assert "Traceback" not in capsys.readouterr().err


def test_every_command_is_in_the_whole_parser():
    text = parsers.whole_parser().format_help()
    assert all(name in text for name in COMMANDS)
