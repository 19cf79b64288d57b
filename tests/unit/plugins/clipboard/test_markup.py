"""HTML from a clipboard becomes what a person reads of it, and never raises."""

import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingle.sdk.testing import load

FOLDER = Path(__file__).resolve().parents[4] / "plugins" / "clipboard"
load(FOLDER)
markup = sys.modules["ingle_plugin_clipboard.markup"]


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<p>One <b>two</b>\n three.</p><p>Four.</p>", "One two three.\n\nFour."),
        ("a<br>b &amp; c &#x4F60;", "a\nb & c 你"),
        ("<ul><li>milk</li><li>bread</li></ul>", "- milk\n\n- bread"),
        ("<table><tr><td>1</td><td>2</td></tr><tr><td>3</td></tr></table>", "1\t2\n\n3"),
        ("<html><head><title>T</title><meta charset=utf-8><body>seen", "seen"),
        ("<style>p {color: red}</style>seen<script>alert(1)</script>", "seen"),
        ("<!--StartFragment-->seen<!--EndFragment-->", "seen"),
        ("<pre>a\n  b</pre>", "a\nb"),
        ("<script>never closed", ""),
        ("1 < 2 && 3 > 2", "1 < 2 && 3 > 2"),
        ("", ""),
    ],
)
def test_what_a_person_reads_is_left(html: str, text: str) -> None:
    assert markup.text_of(html) == text


@given(st.text())
def test_any_text_is_taken(html: str) -> None:
    markup.text_of(html)


@given(st.lists(st.sampled_from(["<p>", "</p>", "<script>", "</script>", "<td>", "<pre>", "</pre>",
                                 "<head>", "</head>", "<br>", "<li>", "word ", "<", "&lt;", "<!--"])))  # fmt: skip
def test_any_order_of_tags_is_taken(pieces: list[str]) -> None:
    assert "word  " not in markup.text_of("".join(pieces))


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        (b"\xff\xfe" + "你".encode("utf-16-le"), "你"),
        (b"\xfe\xff" + "你".encode("utf-16-be"), "你"),
        ("\ufeff你".encode(), "你"),
        ("你".encode(), "你"),
        (b"\xff\xfe\x00", "\ufffd"),
    ],
)
def test_the_encodings_of_browsers_are_known(raw: bytes, text: str) -> None:
    assert markup.decode(raw) == text
