"""A text is written where only its person can read it, and the desktop is told to show it."""

import asyncio
import os
import stat
from pathlib import Path

import pytest

from ingle.sdk import viewer


@pytest.fixture
def opened(private_dirs: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A FIFO that tells which file an `xdg-open` of the test's own was given."""
    told, programs = private_dirs / "opened", private_dirs / "bin"
    os.mkfifo(told)
    programs.mkdir()
    (programs / "xdg-open").write_text(f'#!/bin/sh\necho "$1" > {told}\n')
    (programs / "xdg-open").chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}:/usr/bin:/bin")
    return told


async def shown(opened: Path) -> Path:
    """What the opener was given, when it has ended."""
    path = Path((await asyncio.to_thread(opened.read_text)).strip())
    await asyncio.gather(*(asyncio.all_tasks() - {asyncio.current_task()}))
    return path


async def test_a_text_is_written_for_the_person_alone_and_opened(opened: Path) -> None:
    path = await viewer.show("page.txt", "ä page\n")
    assert await shown(opened) == path
    assert path.read_text(encoding="utf-8") == "ä page\n"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    viewer.forget("page.txt")
    assert not path.exists()


async def test_a_link_that_was_put_there_is_not_written_through(
    opened: Path, private_dirs: Path
) -> None:
    precious = private_dirs / "precious"
    precious.write_text("mine")
    folder = private_dirs / "runtime_dir/ingle"
    folder.mkdir()
    (folder / "page.txt").symlink_to(precious)
    await viewer.show("page.txt", "a page")
    await shown(opened)
    assert precious.read_text() == "mine"


async def test_a_file_that_is_there_is_opened_as_it_is(opened: Path, private_dirs: Path) -> None:
    (private_dirs / "a.log").write_text("line\n")
    await viewer.show_file(private_dirs / "a.log")
    assert await shown(opened) == private_dirs / "a.log"


async def test_without_an_opener_it_says_so(private_dirs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(private_dirs))
    with pytest.raises(viewer.CannotOpen, match="neither xdg-open nor gio"):
        await viewer.show("page.txt", "a page")


async def test_without_a_runtime_directory_nothing_is_written(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("XDG_RUNTIME_DIR", raising=False)
    with pytest.raises(viewer.CannotOpen, match="XDG_RUNTIME_DIR"):
        await viewer.show("page.txt", "a page")
    viewer.forget("page.txt")


async def test_a_directory_that_cannot_be_written_is_told(private_dirs: Path) -> None:
    (private_dirs / "runtime_dir/ingle").write_text("a file where the folder should be")
    with pytest.raises(viewer.CannotOpen, match="cannot be written"):
        await viewer.show("page.txt", "a page")
