"""Where things lie and how big they are (blueprint, section 3)."""

import ast
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from house.sources import ROOT, files, modules, name_of, tree

TOP = {
    ".ci", ".gitignore", "CHANGELOG.md", "CONTRIBUTING.md", "LICENSE", "Makefile", "README.md",
    "daemon", "packaging", "plugins", "pyproject.toml", "systemd", "tests",
}  # fmt: skip
SOURCE_ROOTS = ("daemon", "plugins", "tests", "packaging", "systemd")
DRAWERS = {"utils.py", "helpers.py", "common.py", "misc.py", "util.py"}
"""Names under which layers meet secretly; a helper lives with its user or gets a noun."""

MODULE_LINES = 400
FUNCTION_LINES = 60


def test_the_top_level_holds_what_the_blueprint_names():
    found = {path.relative_to(ROOT).parts[0] for path in files()}
    assert found <= TOP


@pytest.mark.parametrize("folder", SOURCE_ROOTS)
def test_source_roots_are_not_packages(folder: str):
    assert not (ROOT / folder / "__init__.py").exists()


def test_no_module_is_a_drawer_for_everything():
    assert [name_of(path) for path in files(".py") if path.name in DRAWERS] == []


def test_modules_are_short_enough_to_read_in_one_sitting():
    long = {name_of(path): count for path in files(".py") if (count := _lines(path)) > MODULE_LINES}
    assert long == {}


def test_functions_fit_on_a_screen():
    long = [
        f"{name_of(path)}:{node.lineno} {node.name} has {length} lines"
        for path in modules("daemon", "plugins", "packaging")
        for node in ast.walk(tree(path))
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
        and (length := (node.end_lineno or 0) - node.lineno + 1) > FUNCTION_LINES
    ]
    assert long == []


def test_every_module_says_what_it_is_about():
    mute = [
        name_of(path)
        for path in modules("daemon", "plugins", "packaging")
        if tree(path).body and not ast.get_docstring(tree(path))
    ]
    assert mute == []


def test_nothing_is_left_for_later():
    later = re.compile(r"\b(TODO|FIXME|XXX)\b")
    found = [
        f"{name_of(path)}:{number}"
        for path in files(".py", ".toml", ".md", ".sh", "setup", "Makefile")
        if path != Path(__file__)
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if later.search(line)
    ]
    assert found == []


def test_imports_point_downward_only():
    lint = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run(
        [lint, "--no-logo"],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT / "daemon")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout


def _lines(path: Path) -> int:
    return len(path.read_text(encoding="utf-8").splitlines())
