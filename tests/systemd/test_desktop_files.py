"""Launcher, autostart file, metadata: as the desktop's own tools judge them."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from conftest import missing
from ingle.cli.installing import adapting
from ingle.cli.installing.table import APP_ID

FOLDER = Path(__file__).resolve().parents[2] / "packaging/desktop"
LAUNCHER, AUTOSTART = FOLDER / f"{APP_ID}.desktop", FOLDER / f"{APP_ID}.autostart.desktop"
GENERATOR = Path("/lib/systemd/user-generators/systemd-xdg-autostart-generator")


def judged(*command: str) -> str:
    """What a validator complains about; "" for a good file."""
    program = shutil.which(command[0]) or missing(command[0])
    done = subprocess.run([program, *command[1:]], capture_output=True, text=True, check=False)
    return "" if done.returncode == 0 else done.stdout + done.stderr


@pytest.mark.parametrize(
    "programs",
    ["/usr/bin", "/home/me/a folder", '/home/me/quo"te', "/x/per%cent", "/x/back\\slash", "/x/$HOME`"],
)
@pytest.mark.parametrize("file", [LAUNCHER, AUTOSTART], ids=lambda file: file.name)
def test_launchers_are_valid_wherever_ingle_is_installed(file: Path, programs: str, tmp_path: Path):
    installed = tmp_path / f"{APP_ID}.desktop"
    installed.write_text(adapting.launcher(file.read_text(), Path(programs)))
    assert judged("desktop-file-validate", str(installed)) == ""


def test_a_launcher_with_a_mistake_would_be_found(tmp_path: Path):
    installed = tmp_path / f"{APP_ID}.desktop"
    installed.write_text(LAUNCHER.read_text().replace("Terminal=false", "Terminal=maybe"))
    assert judged("desktop-file-validate", str(installed)) != ""


@pytest.mark.parametrize(
    "place", ["opt/ingle", "home/me/a folder", 'quo"te', "apo'strophe", "back\\slash", "$HOME`"]
)
def test_a_launcher_starts_the_program_whatever_its_path_is(place: str, tmp_path: Path):
    """By GLib, as most desktops do. It looks for a program with a % before it unescapes it: not there."""
    gio = shutil.which("gio") or missing("gio (libglib2.0-bin)")
    programs, told = tmp_path / place, tmp_path / "told"
    programs.mkdir(parents=True)
    os.mkfifo(told)
    (programs / "ingle").write_text(f'#!/bin/sh\necho "$0 $*" >{told}\n')
    (programs / "ingle").chmod(0o755)
    installed = tmp_path / f"{APP_ID}.desktop"
    installed.write_text(adapting.launcher(LAUNCHER.read_text(), programs))
    environ = {"PATH": os.environ["PATH"], "HOME": str(tmp_path)}
    with subprocess.Popen([gio, "launch", installed], env=environ) as launching:
        assert told.read_text() == f"{programs}/ingle popup\n"
        assert launching.wait() == 0


def test_the_metadata_is_valid():
    assert (
        judged(
            "appstreamcli", "validate", "--no-net", "--strict", str(FOLDER / f"{APP_ID}.metainfo.xml")
        )
        == ""
    )


def test_metadata_with_a_mistake_would_be_found(tmp_path: Path):
    broken = tmp_path / f"{APP_ID}.metainfo.xml"
    broken.write_text(
        (FOLDER / broken.name).read_text().replace("<summary>", "<sum>").replace("</summary>", "</sum>")
    )
    assert judged("appstreamcli", "validate", "--no-net", "--strict", str(broken)) != ""


@pytest.mark.parametrize(("is_skipped", "units"), [(True, 0), (False, 1)])
def test_systemd_leaves_the_autostart_file_to_the_units(tmp_path: Path, is_skipped: bool, units: int):
    """With the control beside it: without the line it would be made into a unit."""
    if not GENERATOR.exists():
        missing("systemd-xdg-autostart-generator")
    text = adapting.launcher(AUTOSTART.read_text(), Path("/bin")).replace("TryExec=/bin/ingle\n", "")
    text = text.replace("/bin/ingle", "/bin/true")
    if not is_skipped:
        text = text.replace("X-systemd-skip=true\n", "")
    (tmp_path / "config/autostart").mkdir(parents=True)
    (tmp_path / "config/autostart" / f"{APP_ID}.desktop").write_text(text)
    outs = [tmp_path / name for name in ("normal", "early", "late")]
    for out in outs:
        out.mkdir()
    environ = {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "XDG_CONFIG_HOME": str(tmp_path / "config"),
        "XDG_CONFIG_DIRS": str(tmp_path / "none"),
        "XDG_CURRENT_DESKTOP": "XFCE",
    }
    subprocess.run([GENERATOR, *outs], env=environ, check=True)
    made = [path for out in outs for path in out.rglob("app-*.service") if not path.is_symlink()]
    assert len(made) == units
