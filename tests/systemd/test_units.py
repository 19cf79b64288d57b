"""The units as systemd itself reads them: as shipped, and as `ingle setup` writes them."""

import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conftest import missing
from ingle.cli.installing import adapting
from ingle.cli.installing.table import UNITS

ROOT = Path(__file__).resolve().parents[2]
SHIPPED = ROOT / "systemd"
MOST_EXPOSED = 22
"""Of 100, by `systemd-analyze security`; what is left is named in systemd/README.md."""


@pytest.fixture
def analyze(tmp_path: Path):
    """`systemd-analyze --user` with a home and a runtime directory that are there."""
    program = shutil.which("systemd-analyze") or missing("systemd-analyze")

    def run(*words: str) -> subprocess.CompletedProcess[str]:
        environ = {"PATH": os.environ["PATH"], "XDG_RUNTIME_DIR": str(tmp_path), "HOME": str(tmp_path)}
        return subprocess.run(
            [program, "--user", "--no-pager", *words],
            env=environ,
            capture_output=True,
            text=True,
            check=False,
        )

    return run


def programs_in(folder: Path) -> Path:
    """Stand-ins: systemd looks whether what a unit starts is there."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("ingle", "ingled"):
        (folder / name).write_text("#!/bin/sh\n")
        (folder / name).chmod(0o755)
    return folder


def adapted(folder: Path, programs: Path, moved: Mapping[str, tuple[str, Path]]) -> list[str]:
    folder.mkdir()
    for name in UNITS:
        text = adapting.unit((SHIPPED / name).read_text(), programs, moved)
        (folder / name).write_text(text)
    return [str(folder / name) for name in UNITS]


@pytest.mark.parametrize(
    "place",
    ["bin", "a folder/with blanks", 'quo"te', "back\\slash", "per%cent", "höme/$HOME", "semi;colon'"],
)
def test_units_are_valid_wherever_ingle_is_installed(analyze, tmp_path: Path, place: str):
    programs = programs_in(tmp_path / place)
    moved = {
        "XDG_DATA_HOME": ("%h/.local/share", tmp_path / place),
        "XDG_CACHE_HOME": ("%h/.cache", tmp_path / place / "cache"),
    }
    done = analyze("verify", "--man=no", *adapted(tmp_path / "units", programs, moved))
    assert (done.returncode, done.stderr) == (0, "")


def test_a_unit_with_a_mistake_would_be_found(analyze, tmp_path: Path):
    """The control: this is what the tests above would look like if they failed."""
    programs = programs_in(tmp_path / "bin")
    paths = adapted(tmp_path / "units", programs, {})
    Path(paths[1]).write_text(Path(paths[1]).read_text().replace("WatchdogSec", "WatchdogSecs"))
    assert "WatchdogSecs" in analyze("verify", "--man=no", *paths).stderr


def test_longer_waits_are_known_to_the_systemd_that_gets_them(analyze, tmp_path: Path):
    """Older ones complain, which is why it is a file of its own."""
    paths = adapted(tmp_path / "units", programs_in(tmp_path / "bin"), {})
    (tmp_path / "units/ingle.service.d").mkdir()
    shutil.copy(SHIPPED / "backoff.conf", tmp_path / "units/ingle.service.d")
    version = re.search(r"systemd (\d+)", analyze("--version").stdout)
    assert version
    complains = "RestartSteps" in analyze("verify", "--man=no", *paths).stderr
    assert complains is (int(version[1]) < 254)


def test_lines_that_need_namespaces_can_be_taken_back(analyze, tmp_path: Path):
    paths = adapted(tmp_path / "units", programs_in(tmp_path / "bin"), {})
    (tmp_path / "units/ingle.service.d").mkdir()
    shutil.copy(SHIPPED / "no-namespaces.conf", tmp_path / "units/ingle.service.d")
    done = analyze("verify", "--man=no", *paths)
    assert (done.returncode, done.stderr) == (0, "")


def test_the_shipped_units_start_what_a_package_installs():
    for name in UNITS:
        starts = [
            line for line in (SHIPPED / name).read_text().splitlines() if line.startswith("ExecStart=")
        ]
        assert all(line.startswith("ExecStart=/usr/bin/ingle") for line in starts)


def test_the_daemon_is_little_exposed(analyze):
    done = analyze(
        "security", "--offline=true", f"--threshold={MOST_EXPOSED}", str(SHIPPED / "ingle.service")
    )
    assert done.returncode == 0, done.stdout


def test_every_line_of_a_unit_is_explained():
    """A word of the README in backticks for each setting that is not mere form."""
    readme = (SHIPPED / "README.md").read_text()
    for name in UNITS:
        for line in (SHIPPED / name).read_text().splitlines():
            key = line.partition("=")[0]
            if "=" in line and not line.startswith("#") and key not in {"Description", "Documentation"}:
                assert f"`{key}" in readme, f"{name}: {key}"


@given(st.text(st.characters(exclude_characters="\0\n\r", codec="utf-8"), min_size=1))
def test_a_word_of_a_unit_never_opens_a_second_one(path: str):
    word = adapting.for_unit(path)
    inner = word[1:-1] if word.startswith('"') else word
    unescaped = inner.replace("\\\\", "").replace('\\"', "")
    assert '"' not in unescaped
    assert word.startswith('"') or not set(word) & set(" \t;'\\$")
    assert "%" not in inner.replace("%%", "")
