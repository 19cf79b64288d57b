"""The daemon's listening socket: made, inherited, or refused because somebody has it.

A lock file beside the socket is held for the daemon's life, so that of many starts at once
exactly one wins, and so that others see whether somebody serves without connecting
(`client.presence`); a socket that is left over from a crash is told by connecting to it, never by
unlinking first.
"""

import errno
import fcntl
import os
import socket
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from ingle.errors import ConfigError, SocketInUse
from ingle.server import credentials

BACKLOG = 128
PROBE_S = 2.0
"""A daemon that does not accept a connection in that time still owns its socket."""


@contextmanager
def listening(path: Path, inherited: socket.socket | None = None) -> Iterator[socket.socket]:
    """A listening socket for the daemon's life; what it made it takes away again.

    Raises `SocketInUse` with the owner's pid, `ConfigError` where nothing can be made.
    """
    if inherited is not None:
        inherited.setblocking(False)
        with inherited, _locked(path):
            yield inherited
        return
    with _locked(path):
        _refuse_if_answered(path)
        server = _bound(path)
        inode = path.stat().st_ino
        try:
            yield server
        finally:
            server.close()
            with suppress(OSError):
                if path.stat().st_ino == inode:
                    path.unlink()


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    lock = path.with_name(path.name + ".lock")
    try:
        _make_private(path.parent)
        file = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    except OSError as error:
        raise ConfigError(
            f"the socket's directory cannot be used: {error}",
            "set XDG_RUNTIME_DIR or INGLE_SOCKET to a place you can write",
        ) from None
    try:
        _take(file, path)
        yield
    finally:
        os.close(file)


def _make_private(directory: Path) -> None:
    """Make our own directory 0700; one that is not called ours (INGLE_SOCKET) is left as it is."""
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    if directory.name == "ingle" and directory.stat().st_uid == os.getuid():
        directory.chmod(0o700)


def _take(file: int, path: Path) -> None:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise _in_use(path, _owner_from(file) or _pid_behind(path)) from None
    os.ftruncate(file, 0)
    os.pwrite(file, str(os.getpid()).encode(), 0)


def _refuse_if_answered(path: Path) -> None:
    """Whoever answers without our lock: systemd, for whose unit the socket is, or no daemon of ours."""
    pid = _pid_behind(path)
    if pid is not None:
        raise _in_use(path, pid)


def _owner_from(file: int) -> int | None:
    with suppress(ValueError):
        return int(os.pread(file, 20, 0))
    return None


def _pid_behind(path: Path) -> int | None:
    """Who answers on `path`; None when nobody does."""
    with suppress(OSError):
        if not stat.S_ISSOCK(path.lstat().st_mode):
            raise ConfigError(f"{path} is in the way: it is no socket", "move it away")
    with socket.socket(socket.AF_UNIX) as probe:
        probe.settimeout(PROBE_S)
        try:
            probe.connect(str(path))
            return credentials.of(probe).pid
        except TimeoutError:
            return 0
        except OSError as error:
            if error.errno in (errno.ENOENT, errno.ECONNREFUSED):
                return None
            raise ConfigError(f"{path} is in the way: {error.strerror}", "move it away") from None


def _in_use(path: Path, pid: int | None) -> SocketInUse:
    owner = f"process {pid}" if pid else "another process"
    return SocketInUse(
        f"{owner} already serves {path}", "`ingle status` talks to it, `ingle stop` ends it"
    )


def _bound(path: Path) -> socket.socket:
    with suppress(FileNotFoundError):
        path.unlink()
    server = socket.socket(socket.AF_UNIX)
    old_mask = os.umask(0o177)
    try:
        server.bind(str(path))
    except OSError as error:
        server.close()
        raise ConfigError(f"{path} cannot be made: {error.strerror}") from None
    finally:
        os.umask(old_mask)
    server.setblocking(False)
    server.listen(BACKLOG)
    return server
