"""What is written down is what is there: methods, commands, make targets, plugins, exit codes."""

import re
from pathlib import Path

import pytest

from house.sources import ROOT, files
from ingle.cli import exits
from ingle.cli.registry import COMMANDS
from ingle.models.formats import TEMPLATES
from ingle.plughost.grants import MEANINGS
from ingle.wire.schema import METHODS

README = (ROOT / "README.md").read_text(encoding="utf-8")
PAGES = [path for path in files(".md") if path.parent in {ROOT, ROOT / "tests", ROOT / "packaging"}]


def _table(heading: str) -> dict[str, str]:
    """First cell -> the rest of the row, of the table under a heading of the README."""
    section = re.search(rf"^#+ {re.escape(heading)}$(.*?)(?=^#|\Z)", README, re.MULTILINE | re.DOTALL)
    assert section, f"README.md has no heading {heading!r}"
    rows = re.findall(r"^\| `([^`]+)` \| (.*) \|$", section[1], re.MULTILINE)
    return dict(rows)


def test_the_readme_has_a_line_for_every_method():
    assert set(_table("Methods")) == set(METHODS)


def test_the_readme_has_a_line_for_every_command():
    documented = {row.split()[1] for row in _table("Commands")}
    assert documented == set(COMMANDS)


def test_the_readme_has_a_line_for_every_grant():
    assert set(_table("What a plugin may be granted")) == set(MEANINGS)


def test_the_readme_has_a_line_for_every_exit_code():
    assert {int(code) for code in _table("Exit codes")} == set(exits.MEANINGS)


def test_the_readme_has_a_line_for_every_plugin():
    built_in = {path.parent.name for path in files("plugin.toml") if path.parts[-3] == "plugins"}
    assert set(_table("Plugins")) == built_in


def test_the_readme_has_a_line_for_every_chat_template():
    assert set(_table("Chat templates")) == set(TEMPLATES)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_make_target_that_is_named_exists(page: Path):
    targets = set(
        re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    )
    named = set(re.findall(r"`make ([a-z-]+)", page.read_text(encoding="utf-8")))
    assert named <= targets


@pytest.mark.parametrize("page", files(".md"), ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_to_a_file_leads_somewhere(page: Path):
    links = re.findall(r"\]\((?!https?:|#)([^)#]+)", page.read_text(encoding="utf-8"))
    assert [link for link in links if not (page.parent / link).exists()] == []


def test_the_bootstrap_installs_a_llama_cpp_that_the_project_allows():
    pin = (ROOT / "packaging/llama-cpp-python.txt").read_text(encoding="utf-8")
    version = re.search(r"^llama-cpp-python==([\d.]+) --hash=sha256:[0-9a-f]{64}$", pin, re.MULTILINE)
    assert version
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    assert f"llama-cpp-python>={version[1]}," in project
