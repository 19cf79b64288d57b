"""The manual page says what the parsers say."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from conftest import missing
from ingle.cli import exits
from ingle.cli.parsers import whole_parser
from ingle.cli.registry import COMMANDS

MAN = Path(__file__).parents[3] / "packaging" / "man"
PAGE = (MAN / "ingle.1").read_text(encoding="utf-8").replace("\\-", "-")


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_is_described(name):
    assert re.search(rf"^\.SS ingle {name}\b", PAGE, re.MULTILINE)


def test_every_option_is_described():
    commands = next(action for action in whole_parser()._actions if action.dest == "command")
    for name, parser in commands.choices.items():
        section = re.search(rf"^\.SS ingle {name}\b.*?(?=^\.S[SH])", PAGE, re.MULTILINE | re.DOTALL)
        inherited = {"--help", "--json", "--socket", "--no-start", "--quiet"}
        for option in set(re.findall(r"--[a-z][a-z-]+", parser.format_usage())) - inherited:
            assert option in section[0], f"{name} {option}"


def test_every_exit_code_is_described():
    for code, meaning in exits.MEANINGS.items():
        assert f"\n.B {code}\n{meaning}" in PAGE


@pytest.mark.parametrize("name", ["ingle.1", "ingled.1"])
def test_groff_has_nothing_to_complain_about(name):
    if shutil.which("groff") is None:
        missing("groff")
    command = ["groff", "-man", "-Tutf8", "-ww", "-z", str(MAN / name)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stderr == ""
