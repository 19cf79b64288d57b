"""The scripts of the shells, and the files of them that travel with the package."""

import re
import subprocess
from pathlib import Path

import pytest

from ingle.cli.completion import SHELLS, render
from ingle.cli.registry import COMMANDS

PACKAGED = Path(__file__).parents[3] / "packaging" / "completions"
FILES = {"bash": "ingle.bash", "zsh": "_ingle", "fish": "ingle.fish"}


@pytest.mark.parametrize("shell", SHELLS)
def test_every_command_is_completed(ingle, shell):
    ran = ingle("completion", shell)
    assert ran.code == 0
    assert all(name in ran.out for name in COMMANDS)


def test_bash_accepts_its_script():
    done = subprocess.run(
        ["bash", "-n"], input=render("bash"), text=True, capture_output=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(("shell", "name"), FILES.items())
def test_the_packaged_script_knows_every_word_of_the_parsers(shell, name):
    """Words, not bytes: another version of shtab writes other code around them."""
    packaged = (PACKAGED / name).read_text(encoding="utf-8")
    words = set(re.findall(r"--[a-z][a-z-]+", render(shell)))
    assert words
    assert [word for word in words if word not in packaged] == []
    assert all(command in packaged for command in COMMANDS)


def test_an_unknown_shell_is_a_wrong_command_line(ingle):
    assert ingle("completion", "elvish").code == 2
