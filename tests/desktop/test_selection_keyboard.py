"""Pasting on keyboards that are not American, with locks on and keys held."""

import ctypes
import ctypes.util
import subprocess
from pathlib import Path

import pytest

from conftest import missing
from desktop.selection_in_memory import RICH, desk, editor, ingle, rewrite
from desktop.selection_stage import Look, Target, needed, owner, press_keys
from ingle.sdk.testing import FakeIngle

pytestmark = pytest.mark.desktop
__all__ = ["desk", "editor", "ingle"]  # fixtures


def layout(*options: str) -> None:
    subprocess.run([needed("setxkbmap"), *options], check=True, stderr=subprocess.DEVNULL)


def lock_group(group: int) -> None:
    """What the key that switches layouts does; python-xlib has no XKB."""
    xlib = ctypes.CDLL(ctypes.util.find_library("X11") or missing("libX11"))
    xlib.XOpenDisplay.restype = ctypes.c_void_p
    connection = ctypes.c_void_p(xlib.XOpenDisplay(None))
    xlib.XkbLockGroup(connection, 0x100, group)
    xlib.XCloseDisplay(connection)


@pytest.mark.parametrize("name", ["de", "fr", "ru", "us,ru", "gr", "ara", "us -variant dvorak"])
async def test_on_every_layout(editor: Target, ingle: FakeIngle, tmp_path: Path, name: str) -> None:
    layout("-layout", *name.split())
    async with owner(tmp_path, RICH):
        await editor.write("old")
        done = await rewrite(ingle, "new")
        assert done["replaced"], done
        assert (await editor.say())[0] == "new"


async def test_on_the_second_of_two_layouts_that_have_their_letters_elsewhere(
    editor: Target, ingle: FakeIngle, desk: Look
) -> None:
    layout("-layout", "us,us", "-variant", ",dvorak")
    lock_group(1)
    assert desk.root.query_pointer().mask >> 13 & 3 == 1
    await editor.write("old")
    done = await rewrite(ingle, "new")
    assert done["replaced"], done
    assert (await editor.say())[0] == "new"


@pytest.mark.parametrize("lock", ["Caps_Lock", "Num_Lock"])
async def test_with_a_lock_on(editor: Target, ingle: FakeIngle, desk: Look, lock: str) -> None:
    press_keys("key", lock)
    locked = desk.root.query_pointer().mask
    assert locked
    await editor.write("old")
    assert (await rewrite(ingle, "new"))["replaced"]
    assert (await editor.say())[0] == "new"
    assert desk.root.query_pointer().mask == locked
