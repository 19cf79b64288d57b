"""`ingle setup`: there and back, again and again, cut off anywhere; only its own files are touched."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from fakes.running import environment, install_model
from fakes.user_manager import FakeManager, tree
from ingle.cli.installing import ledger
from ingle.cli.installing.installation import ledger_of
from ingle.cli.installing.ledger import Entry, Ledger
from ingle.cli.installing.table import APP_ID, File
from ingle.paths import Paths

LAUNCHER = f"data_home/applications/{APP_ID}.desktop"
AUTOSTART = f"config_home/autostart/{APP_ID}.desktop"
UNIT = "data_home/systemd/user/ingle.service"
LINK = "config_home/systemd/user/default.target.wants/ingle.service"


def test_there_and_back_leaves_nothing(ingle, home: Path):
    before = tree(home)
    assert ingle("--json", "setup", "--yes").changed
    there = tree(home)
    assert {LAUNCHER, AUTOSTART} <= set(there)
    assert ingle("--json", "setup", "--remove").changed
    assert tree(home) == before


def test_with_systemd_there_and_back_leaves_nothing(ingle, home: Path, systemd: FakeManager):
    before = tree(home)
    assert ingle("--json", "setup", "--yes").code == 0
    there = tree(home)
    assert {LAUNCHER, AUTOSTART, UNIT, LINK} <= set(there)
    assert there[LINK] == str(home / UNIT)
    assert systemd.running == {"ingle.socket", "ingle.service"}
    assert ingle("--json", "setup", "--remove").code == 0
    assert tree(home) == before
    assert systemd.running == set()


def test_a_second_run_does_nothing(ingle, home: Path, systemd: FakeManager):
    ingle("--json", "setup", "--yes")
    there = tree(home)
    again = ingle("--json", "setup", "--yes")
    assert not again.changed
    assert tree(home) == there
    assert systemd.asked("stop") == []


def test_a_dry_run_says_what_would_be_done_and_does_nothing(ingle, home: Path, systemd: FakeManager):
    before = tree(home)
    planned = ingle("--json", "setup", "--dry-run").steps
    assert tree(home) == before
    assert systemd.running == set()
    assert planned == ingle("--json", "setup", "--yes").steps
    there = tree(home)
    back = ingle("--json", "setup", "--remove", "--dry-run").steps
    assert tree(home) == there
    removed = ingle("--json", "setup", "--remove").steps
    assert {what for what, action in back.items() if action == "remove"} <= set(removed)


def test_every_step_is_a_line(ingle, home: Path):
    lines = ingle("setup", "--yes", "--plugins", "clipboard").out.splitlines()
    assert f"wrote         ~/{LAUNCHER}" in lines
    assert any(line.startswith("enabled       plugin clipboard (") for line in lines)
    assert "with your next login; until then `ingle` starts the daemon when you use it" in lines[-1]
    assert "clipboard      read what is copied and set the clipboard  clipboard" in lines
    assert ingle("setup", "--remove", "--quiet").out == ""


def test_the_files_start_this_very_installation(ingle, home: Path, systemd: FakeManager):
    ingle("setup", "--yes", "--plugins", "none")
    programs = Path(sys.executable).parent
    assert f"ExecStart={programs}/ingled" in (home / UNIT).read_text()
    assert f"Exec={programs}/ingle popup" in (home / LAUNCHER).read_text()


def test_directories_that_are_not_the_usual_ones_stand_in_the_units(
    ingle, home: Path, systemd: FakeManager
):
    ingle("setup", "--yes", "--plugins", "none")
    unit = (home / UNIT).read_text()
    for name in ("CONFIG", "DATA", "STATE", "CACHE"):
        assert f"Environment=XDG_{name}_HOME={home}/{name.lower()}_home\n" in unit
    assert (
        f"ReadWritePaths=-{home}/data_home/ingle -{home}/state_home/ingle -{home}/cache_home/ingle\n"
        in unit
    )
    assert f"CUDA_CACHE_PATH={home}/cache_home/ingle/cuda" in unit


@pytest.mark.parametrize(("version", "grows"), [("252", False), ("254", True)])
def test_restarts_wait_longer_each_time_where_systemd_can_do_that(
    ingle, home: Path, systemd: FakeManager, monkeypatch: pytest.MonkeyPatch, version: str, grows: bool
):
    monkeypatch.setenv("FAKE_VERSION", version)
    ingle("setup", "--yes", "--plugins", "none")
    assert (home / f"{UNIT}.d/backoff.conf").exists() is grows


def test_where_no_namespaces_are_allowed_the_unit_does_without(ingle, home: Path, systemd: FakeManager):
    without = home / f"{UNIT}.d/no-namespaces.conf"
    (systemd.state / "no-namespaces").touch()
    ran = ingle("setup", "--yes", "--plugins", "none")
    assert without.exists()
    assert "half of its sandbox is off" in ran.out
    (systemd.state / "no-namespaces").unlink()
    ingle("setup", "--yes", "--plugins", "none")
    assert not without.exists()


# ---- what somebody else wrote


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_file_of_the_persons_stays_and_is_named(ingle, home: Path, when: str):
    mine = home / LAUNCHER
    if when == "after":
        ingle("setup", "--yes", "--plugins", "none")
    mine.parent.mkdir(parents=True, exist_ok=True)
    mine.write_text("mine")
    assert ingle("--json", "setup", "--yes", "--plugins", "none").steps[str(mine)] == "keep"
    removed = ingle("--json", "setup", "--remove").steps
    assert removed.get(str(mine)) == ("keep" if when == "after" else None)
    assert mine.read_text() == "mine"


def test_what_an_older_version_wrote_is_renewed_or_removed(ingle, home: Path):
    older = ledger_of(Paths.from_environment())
    older.put(File(home / LAUNCHER, b"older"))
    older.put(File(home / "data_home/applications/gone.desktop", b"older"))
    steps = ingle("--json", "setup", "--yes", "--plugins", "none").steps
    assert steps[str(home / LAUNCHER)] == "write"
    assert not (home / "data_home/applications/gone.desktop").exists()


def test_a_file_that_is_gone_is_written_again_and_no_trouble_when_removed(ingle, home: Path):
    ingle("setup", "--yes", "--plugins", "none")
    (home / LAUNCHER).unlink()
    assert ingle("--json", "setup", "--yes", "--plugins", "none").steps[str(home / LAUNCHER)] == "write"
    (home / LAUNCHER).unlink()
    assert ingle("setup", "--remove").code == 0


def test_folders_with_something_in_them_stay(ingle, home: Path):
    ingle("setup", "--yes", "--plugins", "none")
    (home / "data_home/applications/mine.desktop").write_text("mine")
    steps = ingle("--json", "setup", "--remove").steps
    assert steps[str(home / "data_home/applications")] == "keep"
    assert (home / "data_home/applications/mine.desktop").exists()


def test_a_record_that_cannot_be_read_is_no_reason_to_guess(ingle, home: Path):
    record = home / "state_home/ingle/setup.json"
    record.parent.mkdir()
    record.write_text("{")
    ran = ingle("setup", "--remove")
    assert ran.code == 1
    assert str(record) in ran.err


# ---- cut off


class Cut(OSError):
    """A full disk, or the plug."""


@pytest.mark.parametrize("moment", ["before", "after"])
def test_cut_off_anywhere_it_can_be_finished_and_taken_back(
    ingle, home: Path, systemd: FakeManager, monkeypatch: pytest.MonkeyPatch, moment: str
):
    (home / "runtime_dir/systemd/private").unlink()  # files only: no unit is started
    monkeypatch.setattr(os, "fsync", lambda _: None)
    before, replace = tree(home), ledger._replace
    done = False
    cut_at = 0
    while not done:
        calls, cut_at = iter(range(10_000)), cut_at + 1

        def cut(file: File, mode: int = 0o644, calls=calls, at=cut_at) -> None:
            is_now = next(calls) + 1 == at
            if is_now and moment == "before":
                raise Cut(28, "No space left on device")
            replace(file, mode)
            if is_now:
                raise Cut(28, "No space left on device")

        monkeypatch.setattr(ledger, "_replace", cut)
        done = ingle("setup", "--yes", "--plugins", "none").code == 0
        monkeypatch.setattr(ledger, "_replace", replace)
        if cut_at % 2:
            again = ingle("--json", "setup", "--yes", "--plugins", "none")
            assert again.code == 0
            assert "keep" not in again.steps.values()
        assert ingle("setup", "--remove").code == 0
        assert tree(home) == before
    assert cut_at > 10


def test_a_full_disk_leaves_the_old_file_whole(home: Path, monkeypatch: pytest.MonkeyPatch):
    book, path = Ledger(home / "setup.json"), home / "file"
    book.put(File(path, b"old"))

    def full(_: int) -> None:
        raise Cut(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        book.put(File(path, b"new"))
    assert path.read_bytes() == b"old"
    assert {entry.name for entry in home.iterdir() if entry.is_file()} == {"file", "setup.json"}


def test_between_two_contents_both_are_ours(home: Path):
    """The plug was pulled between the record and the file, or the file and the record."""
    for on_disk in (b"old", b"new"):
        book, path = Ledger(home / "setup.json"), home / "file"
        path.write_bytes(b"old")
        old = ledger.fingerprint(path)
        path.write_bytes(b"new")
        new = ledger.fingerprint(path)
        book.record.files[str(path)] = Entry(hashes=[old, new])
        path.write_bytes(on_disk)
        assert book.put(File(path, b"new")) != "foreign"
        assert book.record.files[str(path)].hashes == [new]
        assert book.take_back(str(path))


# ---- a daemon that runs already


def test_a_daemon_that_was_started_by_hand_is_started_anew_with_what_is_new(
    home: Path, tiny_model: Path
):
    """In processes of their own: who starts a daemon leaves it behind."""
    install_model(home, tiny_model)

    def ingle(*words: str) -> Any:
        program = Path(sys.executable).with_name("ingle")
        done = subprocess.run(
            [program, "--json", *words],
            env=environment(home),
            capture_output=True,
            text=True,
            check=True,
        )
        return json.loads(done.stdout)

    try:
        before = ingle("rpc", "daemon.status")["pid"]  # any request starts it
        assert ingle("setup", "--yes", "--plugins", "files")["changed"]
        after = ingle("status")["pid"]
        assert after != before
        [files] = ingle("plugin", "grants", "files")
        assert all(grant["approved"] for grant in files["grants"])
        assert not ingle("setup", "--yes", "--plugins", "files")["changed"]
        assert ingle("status")["pid"] == after
    finally:
        ingle("stop")
