"""What a plugin can require: there, missing, and appearing."""

import socket
from pathlib import Path

import pytest

from ingle.plughost import facilities
from ingle.plughost.facilities import lost, marks, missing


def listen(path: Path) -> socket.socket:
    path.parent.mkdir(parents=True, exist_ok=True)
    server = socket.socket(socket.AF_UNIX)
    server.bind(str(path))
    server.listen()
    return server


@pytest.mark.parametrize("display", [":7", ":7.0", "unix:7"])
def test_an_x_display_is_its_socket(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, display: str
) -> None:
    monkeypatch.setattr(facilities, "X_SOCKETS", tmp_path)
    assert "X7 is not there" in (missing(["display"], {"DISPLAY": display}) or "")
    with listen(tmp_path / "X7"):
        assert missing(["display"], {"DISPLAY": display}) is None


def test_a_wayland_display_and_a_remote_one_count_too(tmp_path: Path) -> None:
    environ = {"WAYLAND_DISPLAY": "wayland-0", "XDG_RUNTIME_DIR": str(tmp_path)}
    assert missing(["display"], environ)
    with listen(tmp_path / "wayland-0"):
        assert missing(["display"], environ) is None
    assert missing(["display"], {"DISPLAY": "desk:0"}) is None
    assert "is set" in (missing(["display"], {}) or "")


def test_a_session_bus_is_its_address_or_the_runtime_directorys(tmp_path: Path) -> None:
    address = f"unix:path={tmp_path}/bus,guid=1"
    for environ in ({"DBUS_SESSION_BUS_ADDRESS": address}, {"XDG_RUNTIME_DIR": str(tmp_path)}):
        assert "bus is not there" in (missing(["session-bus"], environ) or "")
    with listen(tmp_path / "bus"):
        assert missing(["session-bus"], {"DBUS_SESSION_BUS_ADDRESS": address}) is None
        assert missing(["session-bus"], {"XDG_RUNTIME_DIR": str(tmp_path)}) is None
    assert missing(["session-bus"], {"DBUS_SESSION_BUS_ADDRESS": "unix:abstract=x"}) is None
    assert missing(["session-bus"], {})
    assert missing([], {}) is None


def test_a_socket_that_a_killed_server_has_left_behind_is_not_there(tmp_path: Path) -> None:
    environ = {"XDG_RUNTIME_DIR": str(tmp_path)}
    listen(tmp_path / "bus").close()
    assert "bus does not answer" in (missing(["session-bus"], environ) or "")


def test_a_server_that_nobody_gets_through_to_is_there(tmp_path: Path) -> None:
    environ = {"XDG_RUNTIME_DIR": str(tmp_path)}
    with listen(tmp_path / "bus") as server:
        server.listen(0)
        with socket.socket(socket.AF_UNIX) as waiting:
            waiting.connect(str(tmp_path / "bus"))
            assert missing(["session-bus"], environ) is None


def test_what_was_started_anew_has_ended_in_between(tmp_path: Path) -> None:
    environ = {"XDG_RUNTIME_DIR": str(tmp_path)}
    with listen(tmp_path / "bus"):
        before = marks(["session-bus"], environ)
        assert lost(before, environ) is None
    assert "does not answer" in (lost(before, environ) or "")
    (tmp_path / "bus").unlink()
    assert "is not there" in (lost(before, environ) or "")
    with listen(tmp_path / "bus"):
        assert lost(before, environ) == "the session bus was started anew"
    assert lost(marks([], environ), environ) is None
