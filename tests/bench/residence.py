"""What it costs to have it there: memory of each process, and CPU time while nothing happens."""

import os
import select
from collections.abc import Iterator

import psutil
from figures import Figure
from place import CannotMeasure, Effort, Place

IDLE_S = 60.0
MIB = 2**20


def measure(place: Place, effort: Effort) -> Iterator[Figure]:
    """`effort` makes no difference: an idle minute is an idle minute."""
    with place.daemon() as ingle:
        ingle.call("skill.list")  # whatever is imported late is imported now
    with place.daemon() as ingle:
        status = ingle.status()
    processes = place.processes()
    hosts: dict[int, list[str]] = {}
    for plugin in status.plugins:
        if plugin.pid:
            hosts.setdefault(plugin.pid, []).append(plugin.name)
    yield Figure("RSS of the daemon", _rss(processes[0]), "MiB", most=60)
    for pid, names in hosts.items():
        yield Figure(f"RSS of the host of {', '.join(names)}", _rss(psutil.Process(pid)), "MiB")
    if status.engine.pid:
        yield Figure("RSS of the engine, model included", _rss(psutil.Process(status.engine.pid)), "MiB")
    before = _cpu_seconds(processes)
    _idle(processes[0].pid)
    after = _cpu_seconds(place.processes())
    note = f"{len(processes)} processes, {IDLE_S:.0f} s"
    yield Figure("CPU time of the whole tree, idle", after - before, "s", most=0.2, note=note)


def _idle(pid: int) -> None:
    """Wait, and notice if what is measured goes away."""
    ended = os.pidfd_open(pid)
    try:
        if select.select([ended], [], [], IDLE_S)[0]:
            raise CannotMeasure("the daemon ended while it was measured")
    finally:
        os.close(ended)


def _rss(process: psutil.Process) -> float:
    return float(process.memory_info().rss) / MIB


def _cpu_seconds(processes: list[psutil.Process]) -> float:
    """User and system time, that of children which were waited for included."""
    return sum(sum(process.cpu_times()[:4]) for process in processes)
