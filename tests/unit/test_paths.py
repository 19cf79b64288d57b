"""Directories follow the XDG specification; the socket never lands in /tmp."""

from pathlib import Path

import pytest

from ingle.errors import ConfigError
from ingle.paths import SOCKET_PATH_LIMIT, Paths


def test_every_base_directory_is_honoured(tmp_path: Path) -> None:
    env = {
        f"XDG_{name}": f"/x/{name}" for name in ("CONFIG_HOME", "DATA_HOME", "STATE_HOME", "CACHE_HOME")
    }
    paths = Paths.from_environment({"HOME": "/home/a", "XDG_RUNTIME_DIR": str(tmp_path), **env})
    assert paths.config_file == Path("/x/CONFIG_HOME/ingle/config.toml")
    assert paths.models == Path("/x/DATA_HOME/ingle/models")
    assert paths.log_file == Path("/x/STATE_HOME/ingle/ingled.log")
    assert paths.cache == Path("/x/CACHE_HOME/ingle")
    assert paths.socket == tmp_path / "ingle/ingle.sock"


def test_relative_and_empty_values_are_ignored() -> None:
    paths = Paths.from_environment({"HOME": "/home/a", "XDG_CONFIG_HOME": "rel", "XDG_DATA_HOME": ""})
    assert paths.config == Path("/home/a/.config/ingle")
    assert paths.data == Path("/home/a/.local/share/ingle")


def test_the_socket_can_be_named() -> None:
    assert Paths.from_environment({"HOME": "/h", "INGLE_SOCKET": "/run/x.sock"}).socket == Path(
        "/run/x.sock"
    )


def test_a_socket_path_that_cannot_be_bound_is_refused() -> None:
    with pytest.raises(ConfigError, match=str(SOCKET_PATH_LIMIT)):
        Paths.from_environment({"HOME": "/h", "INGLE_SOCKET": "/" + "x" * SOCKET_PATH_LIMIT})


def test_without_a_session_the_socket_is_in_the_state_directory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.getuid", lambda: 4_000_000)
    paths = Paths.from_environment({"HOME": "/home/a"})
    assert paths.socket == Path("/home/a/.local/state/ingle/run/ingle.sock")
