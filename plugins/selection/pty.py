"""Whether a process is a terminal, or has one in it: who holds the master's end of a pty."""

from collections.abc import Iterator
from pathlib import Path

MASTERS = ("/dev/ptmx", "/dev/pts/ptmx")
PROC = Path("/proc")


def holds_one(pid: int, proc: Path = PROC) -> bool:
    """Whether this process does. One that may not be looked at does not, as far as we know."""
    try:
        links = list((proc / str(pid) / "fd").iterdir())
    except OSError:
        return False
    return any(_leads_to(link) in MASTERS for link in links)


def has_one(pid: int, proc: Path = PROC) -> bool:
    """Whether this process or one below it does: an editor with a terminal in a panel. A process
    that cannot be seen (`pid` 0: another machine's) might."""
    if not pid or not (proc / str(pid)).is_dir():
        return True
    return any(holds_one(each, proc) for each in (pid, *_below(pid, _children(proc))))


def _leads_to(link: Path) -> str:
    try:
        return str(link.readlink())
    except OSError:
        return ""


def _below(pid: int, children: dict[int, list[int]]) -> Iterator[int]:
    for child in children.get(pid, []):
        yield child
        yield from _below(child, children)


def _children(proc: Path) -> dict[int, list[int]]:
    """By parent. (`children` of /proc would be quicker, but not every kernel has it.)"""
    found: dict[int, list[int]] = {}
    for folder in proc.iterdir():
        if folder.name.isdigit():
            try:
                stat = (folder / "stat").read_text(encoding="utf-8", errors="replace")
            except OSError:
                continue  # it ended meanwhile
            parent = int(stat.rpartition(")")[2].split()[1])
            found.setdefault(parent, []).append(int(folder.name))
    return found
