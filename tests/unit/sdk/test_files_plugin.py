"""The files plugin in memory (`ingle.sdk.testing`), on a real file system."""

import asyncio
import errno
import os
import shutil
import sys
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

import pytest

from ingle.sdk.testing import FakeIngle, load, running

pytestmark = pytest.mark.filterwarnings(
    # watchdog 7.1 warns in its own thread of a folder that it met twice while it was being filled
    "ignore:Callback with id:RuntimeWarning"
)

FOLDER = Path(__file__).resolve().parents[3] / "plugins" / "files"
Files = load(FOLDER)
watching = sys.modules["ingle_plugin_files.watching"]
rules = sys.modules["ingle_plugin_files.rules"]


def files(drop: Path, **settings: Any) -> AbstractAsyncContextManager[FakeIngle]:
    return running(Files, {"folders": [str(drop)], "debounce_ms": 30, **settings}, FOLDER)


async def ready(ingle: FakeIngle) -> None:
    await ingle.until(lambda: any(state == "running" for state, _ in ingle.states))


@pytest.fixture
def drop(tmp_path: Path) -> Path:
    return tmp_path / "drop"


@pytest.fixture
def made_drop(drop: Path) -> Path:
    drop.mkdir()
    return drop


@pytest.fixture
async def ingle(drop: Path) -> AsyncIterator[FakeIngle]:
    async with files(drop) as running_one:
        await ready(running_one)
        yield running_one


async def test_the_folder_is_made_and_a_new_file_is_handed_over(ingle: FakeIngle, drop: Path) -> None:
    (drop / "letter.txt").write_text("Dear Ada,")
    assert await ingle.next_put() == {
        "kind": "file",
        "text": "Dear Ada,",
        "title": "letter.txt",
        "origin": str(drop / "letter.txt"),
    }


async def test_a_file_is_read_only_when_its_writer_has_closed_it(ingle: FakeIngle, drop: Path) -> None:
    with (drop / "slow.txt").open("w") as slow:
        slow.write("one ")
        slow.flush()
        (drop / "quick.txt").write_text("quick")
        assert (await ingle.next_put())["text"] == "quick"
        slow.write("two")
    assert (await ingle.next_put())["text"] == "one two"


async def test_files_that_were_there_are_left_alone_until_they_change(
    made_drop: Path,
) -> None:
    drop = made_drop
    (drop / "old.txt").write_text("old")
    async with files(drop) as ingle:
        await ready(ingle)
        (drop / "new.txt").write_text("new")
        assert (await ingle.next_put())["text"] == "new"
        (drop / "old.txt").write_text("old, changed")
        assert (await ingle.next_put())["text"] == "old, changed"


async def test_a_file_moved_in_counts_and_one_renamed_does_not(
    ingle: FakeIngle, drop: Path, tmp_path: Path
) -> None:
    (tmp_path / "outside.txt").write_text("moved in")
    (tmp_path / "outside.txt").rename(drop / "inside.txt")
    assert (await ingle.next_put())["text"] == "moved in"
    (drop / "inside.txt").rename(drop / "renamed.txt")
    (drop / "download.part").write_text("downloaded")
    (drop / "download.part").rename(drop / "download.txt")
    assert (await ingle.next_put())["title"] == "download.txt"
    assert len(ingle.puts) == 2


async def test_an_editor_that_writes_anew_and_renames_is_understood(
    ingle: FakeIngle, drop: Path
) -> None:
    for text in ("first", "second"):
        (drop / ".note.txt.swp").write_text(text)
        (drop / ".note.txt.swp").rename(drop / "note.txt")
        assert (await ingle.next_put())["text"] == text


async def test_a_folder_that_is_dropped_is_read_with_what_is_in_it(
    ingle: FakeIngle, drop: Path, tmp_path: Path
) -> None:
    (tmp_path / "box" / "inner").mkdir(parents=True)
    (tmp_path / "box" / "inner" / "deep.md").write_text("deep")
    (tmp_path / "box").rename(drop / "box")
    assert (await ingle.next_put())["text"] == "deep"
    (drop / "box" / "inner" / "later.md").write_text("later")
    assert (await ingle.next_put())["text"] == "later"


@pytest.mark.parametrize(
    "name",
    [".env", ".ssh/id_rsa.txt", "key.pem", "my-passwords.txt", "id_ed25519", "a.kdbx", "picture.png",
     "TOKENS.TXT", "notes.txt~", "cookies.txt", "box/.git/log.txt"],
)  # fmt: skip
async def test_secrets_and_what_is_not_asked_for_are_never_opened(
    ingle: FakeIngle, drop: Path, name: str
) -> None:
    (drop / name).parent.mkdir(parents=True, exist_ok=True)
    (drop / name).write_text("a secret")
    (drop / "after.txt").write_text("after")
    assert (await ingle.next_put())["text"] == "after"


async def test_what_cannot_be_read_is_left_alone(ingle: FakeIngle, drop: Path, tmp_path: Path) -> None:
    (tmp_path / "target.txt").write_text("elsewhere")
    (drop / "link.txt").symlink_to(tmp_path / "target.txt")
    os.mkfifo(drop / "pipe.txt")
    (drop / "binary.txt").write_bytes(bytes(range(256)) * 4)
    (drop / "empty.txt").touch()
    (drop / "folder.txt").mkdir()
    (drop / "gone.txt").write_text("gone")
    (drop / "gone.txt").unlink()
    (drop / "after.txt").write_text("after")
    assert (await ingle.next_put())["text"] == "after"
    assert len(ingle.puts) == 1


async def test_a_huge_file_is_left_alone(drop: Path) -> None:
    async with files(drop, max_bytes=1000) as ingle:
        await ready(ingle)
        with (drop / "huge.txt").open("wb") as huge:
            huge.truncate(10**12)
        (drop / "just.txt").write_text("x" * 1000)
        assert len((await ingle.next_put())["text"]) == 1000


async def test_the_same_content_again_is_sent_once(ingle: FakeIngle, drop: Path) -> None:
    (drop / "a.txt").write_text("same")
    await ingle.next_put()
    (drop / "a.txt").write_text("same")
    (drop / "b.txt").write_text("other")
    assert (await ingle.next_put())["text"] == "other"


async def test_a_folder_that_vanishes_is_waited_for(ingle: FakeIngle, drop: Path) -> None:
    shutil.rmtree(drop)
    await ingle.until(lambda: ingle.states[-1][0] == "waiting")
    assert "is not there" in (ingle.states[-1][1] or "")


async def test_where_inotify_is_used_up_it_polls_and_says_so(
    drop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class UsedUp:
        def schedule(self, *_: object, **__: object) -> None:
            raise OSError(errno.ENOSPC, "inotify watch limit reached")

    monkeypatch.setattr(watching, "Observer", UsedUp)
    monkeypatch.setattr(watching, "POLL_S", 0.05)
    async with files(drop) as ingle:
        await ready(ingle)
        assert "max_user_watches" in (ingle.states[0][1] or "")
        (drop / "polled.txt").write_text("polled")
        assert (await ingle.next_put())["text"] == "polled"


async def test_after_a_burst_all_files_are_looked_at_again(made_drop: Path) -> None:
    drop = made_drop
    watch = watching.Watching([drop], lambda _: True, 0.01)
    await asyncio.to_thread(watch.start)
    try:
        watch._observer.unschedule_all()  # from here on, no event arrives: as after an overflow
        (drop / "lost.txt").write_text("lost")
        watch.look_again()
        async with asyncio.timeout(10):
            assert await watch.next() == drop / "lost.txt"
    finally:
        watch.stop()


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        ("grüße".encode(), "grüße"),
        ("grüße".encode("utf-8-sig"), "grüße"),
        ("grüße".encode("utf-16"), "grüße"),
        ("grüße".encode("cp1252"), "grüße"),
        (b"a\r\nb", "a\nb"),
        (b"\x00\x01\x02", None),
        (b"\x81\x8d\x8f", None),
        (b"PK\x03\x04\x14\x00\x06\x00", None),
    ],
)
def test_bytes_become_text_or_are_refused(raw: bytes, text: str | None) -> None:
    assert rules.decode(raw) == text
