"""What goes to disk and comes back: beginnings that are marked as ours, and nothing behind them."""

from pathlib import Path

import pytest

from fakes.cells import FakeCells
from ingle.engine.child.keeper import MOST_PENDING, Keeper, folder_for
from ingle.engine.child.memory import Memory
from ingle.engine.child.slots import Slots
from ingle.engine.child.snapshots import Folder
from ingle.engine.child.work.reading import Reading
from ingle.engine.child.work.scoring import Scoring
from ingle.engine.protocol import LoadParams, LoadResult

OURS = list(range(1, 41))
THEIRS = [101, 102, 103, 104]
CELLS = 400


class Life:
    """A child's memory with its keeper."""

    def __init__(
        self, base: Path, window: int = 0, *, can_share: bool = True, shelf_bytes: int = 1000
    ) -> None:
        self.cells = FakeCells(CELLS, can_share, window, plenty=True)
        self.memory = Memory(self.cells, Slots(2, CELLS, 1, 8, CELLS // 2), shelf_bytes)
        self.folder = Folder(base, "model")
        self.keeper = Keeper(self.memory, self.folder)

    def run(self, work: Scoring) -> int:
        """Have a request come, run and end; how much of it was in memory."""
        self.keeper.saw(work)
        self.memory.seat(1, work)
        cached = work.fed
        while work.rows:
            feeds = work.take(16)
            work.accept(feeds, [self.cells.feed(feed) for feed in feeds])
        self.memory.keep(work)
        return cached

    def rest(self) -> None:
        while self.keeper.has_work:
            self.keeper.work()
        self.keeper.close()


def request(ours: list[int] = OURS, theirs: list[int] = THEIRS) -> Scoring:
    work = Scoring(1, [*ours, *theirs], [[5], [6]], 1)
    work.recurring = len(ours)
    return work


@pytest.fixture
def base(tmp_path: Path) -> Path:
    return tmp_path / "prefixes"


@pytest.mark.parametrize("window", [0, 8])
def test_the_next_life_begins_with_what_this_one_has_computed(base: Path, window: int):
    first = Life(base, window=window)
    assert first.run(request()) == 0
    first.rest()
    second = Life(base, window=window)
    assert second.keeper.restore() == 1
    assert second.run(request(theirs=[7, 7, 7])) == len(OURS)
    assert second.run(request(theirs=[9, 9])) == len(OURS)


def test_several_that_begin_alike_all_come_back(base: Path):
    for window in (0, 8):
        first = Life(base / str(window), window=window)
        kinds = [[*OURS[:4], *[number] * 36] for number in (50, 60, 70)]
        for ours in kinds:
            first.run(request(ours))
        first.rest()
        second = Life(base / str(window), window=window)
        assert second.keeper.restore() == 3
        assert [second.run(request(ours, [8])) for ours in kinds] == [len(ours) for ours in kinds]


def test_a_persons_text_is_in_no_file(base: Path):
    life = Life(base)
    life.run(request())
    life.rest()
    (path,) = life.folder.paths()
    snapshot = life.folder.take(path)
    assert snapshot is not None
    assert list(snapshot.tokens) == OURS
    assert not set(THEIRS) & set(snapshot.state)  # the fake's state is its tokens


def test_what_nobody_marked_or_what_is_short_is_not_kept(base: Path):
    life = Life(base)
    for work in (Scoring(1, [*OURS, 7], [[5]], 1), request(OURS[:10])):
        life.run(work)
    alone = request()
    alone.may_share = False
    life.run(alone)
    life.keeper.saw(Reading(1, OURS, [1], 50))
    assert not life.keeper.has_work


def test_it_is_written_once(base: Path):
    life = Life(base)
    for last in range(5):
        life.run(request(theirs=[last]))
    life.keeper.work()
    life.run(request())
    assert not life.keeper.has_work


def test_what_is_not_in_memory_any_more_is_left_until_it_comes_again(base: Path):
    life = Life(base)
    life.run(request())
    for number in range(20):
        life.run(request(theirs=[number] * 150))
    life.keeper.saw(request([200 + number for number in range(40)]))
    life.rest()
    assert len(life.folder.paths()) == 1


def test_no_more_comes_back_than_may_be_kept(base: Path):
    first = Life(base)
    for number in range(8):
        first.run(request([number] * 45))
        first.keeper.work()
    first.rest()
    assert len(first.folder.paths()) == 8
    second = Life(base)
    assert second.keeper.restore() == CELLS // 2 // 45
    assert len(second.folder.paths()) == 8


def test_a_state_that_does_not_fit_is_deleted(base: Path):
    first = Life(base)
    first.run(request())
    first.rest()
    second = Life(base)
    second.cells.restore = lambda seq, data, length: False  # type: ignore[method-assign]
    assert second.keeper.restore() == 0
    assert second.folder.paths() == []
    assert second.run(request()) == 0


def test_a_recurrent_model_keeps_nothing(base: Path):
    life = Life(base, can_share=False)
    life.run(request())
    life.rest()
    assert life.folder.paths() == []
    assert life.keeper.restore() == 0


def test_the_list_of_what_is_to_be_saved_is_bounded(base: Path):
    life = Life(base)
    for number in range(3 * MOST_PENDING):
        life.keeper.saw(request([number] * 40))
    count = 0
    while life.keeper.has_work:
        life.keeper.work()
        count += 1
    assert count == MOST_PENDING


def test_without_a_folder_or_a_models_identity_there_are_no_snapshots(tmp_path: Path):
    loaded = LoadResult(
        architecture="llama", n_ctx=1, n_ctx_train=1, n_vocab=1, slots=1, threads=1, device="CPU",
        vram_bytes=0, rss_bytes=0, load_ms=0.0, build="b", offload=False,
    )  # fmt: skip

    def params(snapshots: str, model_id: str) -> LoadParams:
        return LoadParams(
            path="x", n_ctx=1, slots=1, threads=1, gpu_layers=0, snapshots=snapshots, model_id=model_id
        )

    place = str(tmp_path / "prefixes")
    assert folder_for(params("", "abc"), loaded) is None
    assert folder_for(params(place, ""), loaded) is None
    assert folder_for(params(place, "abc"), loaded) is not None
    (tmp_path / "file").touch()
    assert folder_for(params(str(tmp_path / "file"), "abc"), loaded) is None
    memory = Memory(FakeCells(10), Slots(1, 10, 1), 0)
    assert Keeper(memory, None).restore() == 0
