"""Undoing what is long: it is selected again by the keys, hundreds of them, while the program is still
busy with the first ones."""

import pytest

from desktop.selection_in_memory import desk, editor, ingle, rewrite
from desktop.selection_stage import Target
from ingle.sdk.testing import FakeIngle

pytestmark = pytest.mark.desktop
__all__ = ["desk", "editor", "ingle"]  # fixtures

LONG = ("Zwei oder drei. " * 20).strip()
"""More than is pressed in one go, `keyboard.MOST_AT_ONCE`."""


async def test_a_long_text_is_taken_back(editor: Target, ingle: FakeIngle) -> None:
    await editor.write("one two three", 4, 7)
    assert (await rewrite(ingle, LONG))["replaced"]
    await editor.until_text(f"one {LONG} three")
    done = await ingle.command("undo")
    assert done["undone"], done["reason"]
    await editor.until_text("one two three")
