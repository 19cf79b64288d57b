"""What needs no process: settings, names, grants, and approvals that cannot be written."""

from pathlib import Path

import pytest

from fakes.plugin_daemon import PluginDaemon, plugin_daemon, write_plugin
from ingle.errors import ConfigError, NotFound, PluginFailed

WORD = {"word": {"type": "str", "default": "hm", "help": "what to say"}}


@pytest.fixture
async def daemon(tmp_path: Path) -> PluginDaemon:
    write_plugin(tmp_path / "plugins", "says", grants=["context.write", "display"], settings=WORD)
    (write_plugin(tmp_path / "plugins", "bad") / "plugin.toml").write_text("")
    return PluginDaemon([("user", tmp_path / "plugins")], tmp_path / "state")


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ({"says": {"wrod": "x"}}, "plugins.says.wrod: no such setting; there are word"),
        ({"says": {"word": 1}}, "plugins.says.word: expected str"),
        ({"sais": {}}, "plugins.sais: there is no such plugin; there are says"),
    ],
)
async def test_wrong_settings_are_named_and_change_nothing(
    daemon: PluginDaemon, settings: dict[str, dict[str, object]], reason: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        await daemon.hosts.configure(settings)
    assert reason in caught.value.message


async def test_a_plugin_with_wrong_settings_fails_and_the_others_run(tmp_path: Path) -> None:
    for name in ("says", "two"):
        write_plugin(tmp_path / "plugins", name, settings=WORD)
    search, state = [("user", tmp_path / "plugins")], tmp_path / "state"
    async with plugin_daemon(search, state) as daemon:
        for name in ("says", "two"):
            await daemon.hosts.enable(name)
    wrong = {"says": {"word": 1}, "sais": {}}
    async with plugin_daemon(search, state, settings=wrong) as daemon:
        assert await daemon.hosts.call("two", "hello", {}) == "hello you"
        await daemon.until_state("says", "failed", "plugins.says.word: expected str")
        with pytest.raises(PluginFailed, match="says is failed") as caught:
            await daemon.hosts.call("says", "hello", {})
        assert "plugins.says.word" in caught.value.hint
        assert "plugins.says.word" in str((await daemon.hosts.enable("says")).reason)
        first, second = daemon.hosts.warnings()
        assert first.startswith("plugins.says.word: expected str")
        assert second.startswith("plugins.sais: there is no such plugin")
        with pytest.raises(ConfigError, match="sais"):
            await daemon.hosts.configure({"sais": {}})
        assert daemon.info("says").state == "failed"
        await daemon.hosts.configure({"says": {"word": "x"}})
        await daemon.until_state("says", "running")
        assert daemon.hosts.warnings() == []


async def test_settings_of_a_plugin_that_is_broken_wait_for_its_repair(daemon: PluginDaemon) -> None:
    daemon.hosts.check({"bad": {"anything": 1}})


async def test_grants_are_explained_before_they_are_approved(daemon: PluginDaemon) -> None:
    (grants,) = daemon.hosts.grants()
    assert [(each.grant, each.approved) for each in grants.grants] == [
        ("context.write", False),
        ("display", False),
    ]
    assert all(each.meaning for each in grants.grants)


async def test_names_that_are_unknown_or_broken_are_told_apart(daemon: PluginDaemon) -> None:
    with pytest.raises(NotFound):
        daemon.hosts.grants("nobody")
    with pytest.raises(PluginFailed, match="missing required field"):
        await daemon.hosts.enable("bad")
    assert [(info.name, info.state) for info in daemon.hosts.list()] == [
        ("bad", "failed"),
        ("says", "disabled"),
    ]


async def test_an_approval_that_cannot_be_written_enables_nothing(tmp_path: Path) -> None:
    write_plugin(tmp_path / "plugins", "one")
    (tmp_path / "state").touch()
    daemon = PluginDaemon([("user", tmp_path / "plugins")], tmp_path / "state")
    with pytest.raises(PluginFailed, match="cannot be written"):
        await daemon.hosts.enable("one")
    assert daemon.info("one").state == "disabled"


async def test_a_setting_may_need_a_grant_that_is_asked_for_only_then(tmp_path: Path) -> None:
    how = {"type": "str", "default": "softly", "help": "", "choices": ["softly", "keys"]}
    home = write_plugin(tmp_path / "plugins", "hears", grants=["display"], settings={"how": how})
    with (home / "plugin.toml").open("a") as manifest:
        manifest.write('[settings.how.grants]\nkeys = ["input"]\n')
    async with plugin_daemon([("user", tmp_path / "plugins")], tmp_path / "state") as daemon:
        (asked,) = daemon.hosts.grants()
        assert [each.grant for each in asked.grants] == ["display"]
        info = await daemon.hosts.enable("hears")
        assert (info.state, info.grants) == ("running", ["display"])
        await daemon.hosts.configure({"hears": {"how": "keys"}})
        await daemon.until_state("hears", "disabled", "its settings ask for input: `ingle plugin enable")
        (asked,) = daemon.hosts.grants()
        assert [(each.grant, each.approved) for each in asked.grants] == [
            ("display", True), ("input", False),
        ]  # fmt: skip
        info = await daemon.hosts.enable("hears")
        assert (info.state, info.grants) == ("running", ["display", "input"])
