"""Who gets the socket: one of many, a successor after a crash, nobody while it is served."""

import multiprocessing
import os
import socket
import stat
from pathlib import Path

import pytest

from ingle.client.presence import is_served
from ingle.errors import ConfigError, SocketInUse
from ingle.server.socket import listening


@pytest.fixture
def path(private_dirs: Path) -> Path:
    return private_dirs / "runtime_dir/ingle/ingle.sock"


def test_the_socket_is_private_and_goes_with_the_daemon(path: Path) -> None:
    with listening(path):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert not path.exists()


def test_a_second_daemon_is_told_who_has_it(path: Path) -> None:
    with listening(path), pytest.raises(SocketInUse, match=str(os.getpid())), listening(path):
        pass


def test_a_server_without_our_lock_is_found_by_connecting(path: Path) -> None:
    path.parent.mkdir(parents=True)
    with socket.socket(socket.AF_UNIX) as other:
        other.bind(str(path))
        other.listen()
        with pytest.raises(SocketInUse, match=str(os.getpid())), listening(path):
            pass
        assert path.exists()


def test_a_stale_socket_is_taken_over(path: Path) -> None:
    path.parent.mkdir(parents=True)
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(path))
    with listening(path), socket.socket(socket.AF_UNIX) as client:
        client.connect(str(path))


def test_what_is_no_socket_is_left_alone(path: Path) -> None:
    path.parent.mkdir(parents=True)
    path.write_text("precious")
    with pytest.raises(ConfigError, match="in the way"), listening(path):
        pass
    assert path.read_text() == "precious"


def test_a_directory_that_cannot_be_made_is_a_clear_error(private_dirs: Path) -> None:
    (private_dirs / "file").write_text("")
    with (
        pytest.raises(ConfigError, match="cannot be used"),
        listening(private_dirs / "file/ingle/ingle.sock"),
    ):
        pass


def test_a_successor_that_replaced_the_socket_keeps_it(path: Path) -> None:
    with listening(path):
        path.unlink()
        path.write_text("another's")
    assert path.exists()


def test_an_inherited_socket_is_served_and_not_removed(path: Path) -> None:
    path.parent.mkdir(parents=True)
    given = socket.socket(socket.AF_UNIX)
    given.bind(str(path))
    given.listen()
    with listening(path, given) as server:
        assert server is given
        assert is_served(path)
    assert path.exists()
    assert not is_served(path)


def test_of_two_with_an_inherited_socket_the_second_is_told_who_serves(path: Path) -> None:
    path.parent.mkdir(parents=True)
    with socket.socket(socket.AF_UNIX) as given, socket.socket(socket.AF_UNIX) as another:
        given.bind(str(path))
        given.listen()
        with (
            listening(path, given.dup()),
            pytest.raises(SocketInUse, match=str(os.getpid())),
            listening(path, another),
        ):
            pass


def _try(
    path: Path, start: "multiprocessing.synchronize.Event", results: "multiprocessing.Queue[str]"
) -> None:
    start.wait(10)
    try:
        with listening(path):
            results.put("owner")
            start_over.wait(10)
    except SocketInUse:
        results.put("refused")


start_over = multiprocessing.get_context("fork").Event()


def test_of_many_starts_at_once_exactly_one_wins(path: Path) -> None:
    context = multiprocessing.get_context("fork")
    start, results = context.Event(), context.Queue()
    racers = [context.Process(target=_try, args=(path, start, results)) for _ in range(12)]
    for racer in racers:
        racer.start()
    start.set()
    outcomes = sorted(results.get(timeout=20) for _ in racers)
    start_over.set()
    for racer in racers:
        racer.join(10)
    assert outcomes == ["owner"] + ["refused"] * 11
