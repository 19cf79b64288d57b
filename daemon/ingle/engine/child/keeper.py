"""Which beginnings of prompts come again, and when they go to disk: in idle moments, in small bites.

Between the KV cache (`memory`) and the files (`snapshots`). The state is taken on the event loop, in
milliseconds, when no request runs; the file is written on a thread of its own.
"""

import logging
import time
from collections import OrderedDict
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Protocol

from ingle.engine.child.shelf import State
from ingle.engine.child.snapshots import Folder, Snapshot
from ingle.engine.child.work.base import Work
from ingle.engine.protocol import LoadParams, LoadResult

log = logging.getLogger(__name__)

LEAST_TOKENS = 32
"""A shorter beginning is read in an instant."""
MOST_PENDING = 64
TOUCH_S = 3600.0
"""How exactly the files remember when they were used."""


class Holds(Protocol):
    """What is in the KV cache: `memory.Memory`."""

    @property
    def most_adopted(self) -> int: ...

    def export(self, key: str, tokens: tuple[int, ...]) -> State: ...

    def adopt(self, key: str, tokens: tuple[int, ...], state: State) -> bool: ...


def folder_for(params: LoadParams, loaded: LoadResult) -> Folder | None:
    """Where the snapshots of this model in this configuration are; None where there are none.

    The length of the context does not matter to a state.
    """
    if not (params.snapshots and params.model_id):
        return None
    identity = (params.model_id, loaded.build, loaded.device, loaded.kv_type, params.flash)
    try:
        return Folder(Path(params.snapshots), "|".join(identity))
    except OSError as error:
        log.warning("there are no snapshots: %s", error)
        return None


class Keeper:
    """Without a folder it keeps nothing."""

    def __init__(self, memory: Holds, folder: Folder | None) -> None:
        self._memory, self._folder = memory, folder
        self._pending: OrderedDict[tuple[str, tuple[int, ...]], None] = OrderedDict()
        self._touched: dict[tuple[str, tuple[int, ...]], float] = {}
        self._disk = ThreadPoolExecutor(1, "snapshots")

    def restore(self) -> int:
        """Take from disk what was used last, as far as it may be; how many beginnings that are."""
        count, left = 0, self._memory.most_adopted
        for path in self._folder.paths() if self._folder else ():
            if left < LEAST_TOKENS:
                break
            assert self._folder is not None
            snapshot = self._folder.take(path)
            if snapshot is None:
                continue
            has_room = len(snapshot.tokens) <= left
            is_sound = not has_room or self._memory.adopt(snapshot.key, snapshot.tokens, snapshot.state)
            self._folder.give_back(path, is_sound=is_sound)
            if has_room and is_sound:
                count, left = count + 1, left - len(snapshot.tokens)
        return count

    def saw(self, work: Work) -> None:
        """A request with a beginning that comes again has arrived."""
        if self._folder is None or not work.may_share or work.recurring < LEAST_TOKENS:
            return
        which = (work.prefix_key, tuple(work.prompt[: work.recurring]))
        if time.monotonic() - self._touched.get(which, -TOUCH_S) >= TOUCH_S:
            self._pending[which] = None
            self._pending.move_to_end(which)
            if len(self._pending) > MOST_PENDING:
                self._pending.popitem(last=False)

    @property
    def has_work(self) -> bool:
        return bool(self._pending)

    def work(self) -> None:
        """Save one beginning, if it is not on disk; what is not in memory any more waits to be seen
        again. Between steps only."""
        assert self._folder is not None
        which, _ = self._pending.popitem(last=False)
        if self._folder.has(*which):
            self._disk.submit(self._folder.touch, *which)
        elif state := self._memory.export(*which):
            self._disk.submit(self._folder.save, Snapshot(*which, state))
        else:
            return
        self._touched[which] = time.monotonic()

    def close(self) -> None:
        """Wait for the files that are being written."""
        self._disk.shutdown()
