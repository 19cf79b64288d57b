"""A wrong setting of one plugin: the assistant is there all the same, and every place says what is wrong."""

import subprocess
import sys
from pathlib import Path

import pytest

from fakes.running import daemon, environment
from ingle.errors import ConfigError

FAULT = "plugins.hotkey.popup: unknown key 'Foo' in 'Ctrl+Foo'"


def ingle(root: Path, *command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "ingle.cli.main", *command], text=True,
        env=environment(root, DBUS_SESSION_BUS_ADDRESS="unix:path=/nonexistent"),
        capture_output=True, timeout=60, check=False,
    )  # fmt: skip


def test_a_wrong_chord_takes_nothing_else_away(private_dirs: Path) -> None:
    config = private_dirs / "config_home/ingle/config.toml"
    config.parent.mkdir(parents=True)
    config.write_text('[plugins.hotkey]\npopup = "Ctrl+Foo"\n')
    with daemon(private_dirs) as running, running.client() as client:
        info = client.call("plugin.enable", name="hotkey")
        assert info["state"] == "failed"
        assert info["reason"].startswith(FAULT)
        [warning] = client.status().warnings
        assert warning.startswith(FAULT)
        assert warning.endswith("; correct it in config.toml, then `ingle reload`")
        assert FAULT in ingle(private_dirs, "status").stdout
        assert f"fail configuration: {config}: {FAULT}" in ingle(private_dirs, "doctor").stdout
        with pytest.raises(ConfigError, match="unknown key 'Foo'"):
            client.call("daemon.reload")
        config.write_text('[plugins.hotkey]\npopup = "Ctrl+F9"\n')
        client.call("daemon.reload")
        assert client.status().warnings == []
        assert client.call("plugin.enable", name="hotkey")["state"] == "waiting"
