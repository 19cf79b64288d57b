"""What a person reads in full: what Ingle saw, and where its log is."""

from pathlib import Path

import pytest

from fakes.tray_plugin import module
from ingle.sdk import viewer

papers = module("papers")

ITEM = {
    "id": "7", "kind": "clipboard", "title": "A\nletter", "origin": "clipboard", "chars": 1200,
    "created": 0.0, "summary": "Ada writes.", "text": "never on the page",
}  # fmt: skip


def test_the_page_tells_what_was_seen_without_its_text() -> None:
    page = papers.seen([ITEM])
    assert "1 text(s)" in page
    assert (
        "clipboard, 1,200 characters\n   A letter\n   from clipboard\n   in short: Ada writes." in page
    )
    assert "never on the page" not in page


def test_an_empty_page_says_so() -> None:
    assert papers.seen([]) == "Ingle has seen nothing that it remembers.\n"


def test_an_item_of_which_little_is_known_has_its_lines() -> None:
    assert "without a title" in papers.seen([{"id": "1"}])


async def test_the_log_file_is_shown(private_dirs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = private_dirs / "state_home/ingle/ingled.log"
    log.parent.mkdir()
    log.write_text("a line\n")
    shown = []

    async def show_file(path: Path) -> None:
        shown.append(path)

    monkeypatch.setattr(viewer, "show_file", show_file)
    await papers.show_log()
    assert shown == [log]


async def test_where_there_is_none_it_says_so(private_dirs: Path) -> None:
    with pytest.raises(viewer.CannotOpen, match="no log"):
        await papers.show_log()
