"""Which plugins `ingle setup` enables: those that the person agrees to, and takes back those only."""

import json
import sys
from pathlib import Path

import pytest

from fakes.user_manager import FakeManager, tree
from ingle.cli.installing import plugins
from ingle.paths import Paths
from ingle.plughost.approvals import Approval, Approvals


def approvals(home: Path) -> dict[str, bool]:
    file = home / "state_home/ingle/plugins.json"
    found = json.loads(file.read_text()) if file.exists() else {}
    return {name: approval["enabled"] for name, approval in found.items()}


def test_without_a_yes_and_nobody_to_ask_nothing_is_done(ingle, home: Path):
    before = tree(home)
    ran = ingle("setup")
    assert ran.code == 2
    assert "--yes" in ran.err
    assert tree(home) == before


@pytest.mark.parametrize(
    ("answer", "enabled"),
    [
        ("y", {"clipboard", "notify"}),
        ("n", set()),
        ("notify", {"notify"}),
        ("notify, clipboard", {"clipboard", "notify"}),
    ],
)
def test_the_person_is_asked(
    ingle, home: Path, monkeypatch: pytest.MonkeyPatch, answer: str, enabled: set[str]
):
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True)
    monkeypatch.setattr("builtins.input", lambda _: answer)
    assert ingle("setup", "--plugins", "clipboard,notify").code == 0
    assert {name for name, on in approvals(home).items() if on} == enabled


def test_a_cancelled_question_changes_nothing(ingle, home: Path, monkeypatch: pytest.MonkeyPatch):
    before = tree(home)
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True)
    monkeypatch.setattr("builtins.input", lambda _: "")
    assert ingle("setup").code == 130
    assert tree(home) == before


def test_all_built_in_plugins_come_unless_the_person_has_said_no(ingle, home: Path):
    paths = Paths.from_environment()
    Approvals(paths.approvals).put("notify", Approval(enabled=False, manifest_sha256="", grants=[]))
    ingle("setup", "--yes")
    enabled = approvals(home)
    assert enabled.pop("notify") is False
    assert all(enabled.values())
    assert "clipboard" in enabled
    ingle("setup", "--yes", "--plugins", "notify")
    assert approvals(home)["notify"]


def test_only_what_the_set_up_enabled_is_taken_back(ingle, home: Path):
    paths = Paths.from_environment()
    plugins.approve(plugins.undecided(paths, "notify"), paths)
    ingle("setup", "--yes")
    ingle("setup", "--remove")
    assert approvals(home) == {"notify": True}


def test_what_is_approved_is_what_stands_on_disk(ingle, home: Path):
    ingle("setup", "--yes", "--plugins", "clipboard")
    assert plugins.undecided(Paths.from_environment(), "clipboard") == []


def test_an_unknown_plugin_is_named_and_nothing_is_done(ingle, home: Path):
    before = tree(home)
    ran = ingle("setup", "--yes", "--plugins", "clipbord")
    assert ran.code == 5
    assert "clipbord" in ran.err
    assert tree(home) == before


def test_the_drop_folder_is_made_where_the_daemon_cannot(ingle, home: Path, systemd: FakeManager):
    ingle("setup", "--yes", "--plugins", "files")
    assert (home / "Ingle Drop").is_dir()
    ingle("setup", "--remove")
    assert not (home / "Ingle Drop").exists()
