"""`ingle setup` and the user manager: units that start or do not, logins, and what the doctor says."""

import json
import os
import sys
from pathlib import Path

import pytest

from fakes.user_manager import FakeManager
from ingle.cli.checkup import autostart
from ingle.cli.installing.table import APP_ID

LAUNCHER = f"data_home/applications/{APP_ID}.desktop"
UNIT = "data_home/systemd/user/ingle.service"


def test_with_sudo_it_says_that_it_never_needs_root(ingle, home: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(os, "getuid", lambda: 0)
    monkeypatch.setenv("SUDO_USER", "somebody")
    ran = ingle("setup", "--yes")
    assert ran.code == 4
    assert "as yourself" in ran.err


def test_a_unit_that_does_not_start_is_an_error_with_the_next_step(
    ingle, home: Path, systemd: FakeManager
):
    (systemd.state / "fails-ingle.service").touch()
    ran = ingle("setup", "--yes", "--plugins", "none")
    assert ran.code == 1
    assert "journalctl --user -u ingle" in ran.err


@pytest.mark.parametrize(("state", "said"), [("masked", "unmask"), ("not-found", "XDG_DATA_HOME")])
def test_units_that_systemd_does_not_load_are_explained(
    ingle, home: Path, systemd: FakeManager, state: str, said: str
):
    (systemd.state / "load").write_text(state)
    ran = ingle("setup", "--yes", "--plugins", "none")
    assert ran.code == 1
    assert said in ran.err


def test_a_unit_of_the_persons_that_goes_before_ours_is_named(ingle, home: Path, systemd: FakeManager):
    mine = home / "config_home/systemd/user/ingle.service"
    (systemd.state / "fragment-ingle.service").write_text(str(mine))
    assert ingle("--json", "setup", "--yes", "--plugins", "none").steps[str(mine)] == "keep"


def test_in_a_shell_that_is_no_session_the_units_wait_for_the_next_login(
    ingle, home: Path, systemd: FakeManager, monkeypatch: pytest.MonkeyPatch
):
    (home / "runtime_dir/systemd/private").unlink()
    ran = ingle("setup", "--yes", "--plugins", "none")
    assert ran.code == 0
    assert "next login" in ran.out
    assert (home / UNIT).exists()


def test_the_desktops_part_starts_at_once_where_there_is_a_screen(
    ingle, home: Path, systemd: FakeManager, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("DISPLAY", ":7")
    ingle("setup", "--yes", "--plugins", "none")
    assert "ingle-desktop.service" in systemd.running
    assert systemd.asked("import-environment") == ["import-environment DISPLAY"]


@pytest.mark.parametrize("is_graphical", [True, False])
def test_at_login_systemd_has_its_way(ingle, home: Path, systemd: FakeManager, is_graphical: bool):
    if is_graphical:
        (systemd.state / "graphical-session.target").touch()
    assert ingle("setup", "--at-login").code == 0
    assert ("ingle-desktop.service" in systemd.running) is not is_graphical


def test_at_login_without_systemd_the_process_becomes_the_desktops(
    ingle, home: Path, monkeypatch: pytest.MonkeyPatch
):
    became: list[list[str]] = []

    class Became(BaseException):
        pass

    def execv(program: str, words: list[str]) -> None:
        became.append([program, *words[1:]])
        raise Became

    monkeypatch.setattr(os, "execv", execv)
    with pytest.raises(Became):
        ingle("setup", "--at-login")
    assert became == [[str(Path(sys.executable).with_name("ingle")), "desktop", "--with-daemon"]]


def doctor(ingle) -> list[tuple[str, str]]:
    lines = [json.loads(line) for line in ingle("--json", "doctor").out.splitlines()]
    return [(line["level"], line["message"]) for line in lines if line["name"] == "autostart"]


def test_the_doctor_says_whether_it_is_set_up(ingle, home: Path, systemd: FakeManager):
    assert [level for level, _ in doctor(ingle)] == ["warn"]
    ingle("setup", "--yes", "--plugins", "none")
    assert doctor(ingle) == [
        ("ok", "ingle.socket active, ingle.service active, ingle-desktop.service inactive")
    ]
    (systemd.state / "fails-ingle.service").touch()
    assert [level for level, _ in doctor(ingle)] == ["fail"]
    (home / LAUNCHER).write_text("mine")
    assert [level for level, _ in doctor(ingle)] == ["ok", "fail"]


@pytest.mark.parametrize(
    ("status", "level", "said"),
    [
        ("CapBnd:\t0000000000000000\nNoNewPrivs:\t1\nSeccomp:\t2\n", "ok", "in effect"),
        ("CapBnd:\t000001ffffffffff\nNoNewPrivs:\t1\nSeccomp:\t2\n", "warn", "namespaces"),
        ("CapBnd:\t0000000000000000\nNoNewPrivs:\t0\nSeccomp:\t0\n", "warn", "a filter"),
    ],
)
def test_the_doctor_sees_whether_the_sandbox_is_in_effect(
    tmp_path: Path, status: str, level: str, said: str
):
    (tmp_path / "7").mkdir()
    (tmp_path / "7/status").write_text(status)
    [finding] = autostart._sandbox(7, tmp_path)
    assert finding.level == level
    assert said in finding.message
