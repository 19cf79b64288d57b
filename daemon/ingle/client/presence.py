"""Whether a daemon serves a socket, seen without connecting to it.

Where systemd holds the socket (`ingle.socket`), connecting starts the daemon; whoever only looks,
or wants it stopped, has to know before. A daemon holds a lock on the file beside its socket, and
the kernel tells who holds which locks in /proc/locks (proc(5)): trying to take it would get into
the way of a daemon that is just starting.
"""

from pathlib import Path

LOCKS = Path("/proc/locks")


def is_served(socket_path: Path, locks: Path = LOCKS) -> bool:
    """False where it is known that nobody serves. Where nothing is known it is worth trying."""
    lock = socket_path.with_name(socket_path.name + ".lock")
    try:
        inode = lock.stat().st_ino
        table = locks.read_text(encoding="ascii")
    except (OSError, UnicodeDecodeError):
        return True
    return any(_is_flock_on(inode, line.split()) for line in table.splitlines())


def _is_flock_on(inode: int, fields: list[str]) -> bool:
    """Rows are `1: FLOCK ADVISORY WRITE <pid> <major>:<minor>:<inode> 0 EOF`."""
    return len(fields) == 8 and fields[1] == "FLOCK" and fields[5].rpartition(":")[2] == str(inode)
