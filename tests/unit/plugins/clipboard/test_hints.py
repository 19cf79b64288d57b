"""From the names of the types alone: what is never read, and what is read first."""

import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingle.sdk.testing import load

FOLDER = Path(__file__).resolve().parents[4] / "plugins" / "clipboard"
load(FOLDER)
hints = sys.modules["ingle_plugin_clipboard.hints"]
NotReadable = sys.modules["ingle_plugin_clipboard.backend"].NotReadable

PLAIN = "text/plain;charset=utf-8"


@pytest.mark.parametrize(
    ("offered", "read"),
    [
        (["text/html", "UTF8_STRING", PLAIN, "text/plain"], PLAIN),
        (["STRING", "UTF8_STRING", "text/html"], "UTF8_STRING"),
        (["text/html", "text/plain"], "text/plain"),
        (["image/png", "text/html"], "text/html"),
    ],
)
def test_the_plainest_text_is_read(offered: list[str], read: str) -> None:
    assert hints.text_target(offered) == read


@pytest.mark.parametrize(
    ("offered", "why"),
    [
        ([PLAIN, "x-kde-passwordManagerHint"], "secret"),
        ([PLAIN, "application/x-new-Secret-kind"], "secret"),
        ([PLAIN, "text/uri-list"], "files"),
        ([PLAIN, "x-special/gnome-copied-files"], "files"),
        (["image/png"], "no text"),
        ([], "no text"),
    ],
)
def test_what_is_not_to_be_read_is_not_asked_for(offered: list[str], why: str) -> None:
    with pytest.raises(NotReadable, match=why):
        hints.text_target(offered)


def test_html_is_read_as_its_text() -> None:
    assert hints.decode(b"<p>One &amp; two</p>", "text/html") == "One & two"


@given(st.binary(), st.sampled_from([*hints.TEXT]))
def test_any_bytes_are_a_text_or_none(raw: bytes, target: str) -> None:
    text = hints.decode(raw, target)
    assert text is None or "\0" not in text
