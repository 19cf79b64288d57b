"""Plugins that are switched on and off beside others in one process of a real desktop: what the others
hold stays theirs, the clipboard and the popup that is open above all."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from desktop.conftest import XServer
from desktop.popup_stage import Stage, stage
from desktop.selection_stage import Look, clipboard, target

pytestmark = pytest.mark.desktop

COPIED, WRONG, RIGHT = "copied by hand", "I has a cat and dog.", "I have a cat and a dog."
BUTTON = "push button"


@pytest.fixture
async def popup(x_server: XServer, session_bus: str, private_dirs: Path) -> AsyncIterator[Stage]:
    """With the tray, which needs all that the others need: nobody who joins asks for more."""
    async with stage(x_server, private_dirs) as started:
        await switch_on(started, "tray")
        await started.daemon.until_state("popup", "running")
        yield started


async def switch_on(popup: Stage, plugin: str) -> None:
    """It may wait: for a panel to be in, or for somebody who shows notifications."""
    info = await popup.daemon.hosts.enable(plugin)
    assert info.state in {"running", "waiting"}, info
    popup.real.add(plugin)


async def copied(popup: Stage) -> int:
    """A text on the clipboard that the plugin has put there; gives the window that owns it."""
    await popup.daemon.hosts.call("clipboard", "is_watching", {})
    await popup.daemon.hosts.call("clipboard", "copy", {"text": COPIED})
    with Look() as look:
        return int(look.until(look.owner))


def owner() -> int:
    with Look() as look:
        return look.owner()


@pytest.mark.parametrize("leaving", ["notify", "tray", "dbus", "hotkey", "selection"])
async def test_what_is_switched_off_takes_neither_the_clipboard_nor_the_popup_along(
    popup: Stage, leaving: str
) -> None:
    for plugin in ("clipboard", leaving):
        await switch_on(popup, plugin)
    pid, window = popup.daemon.info("popup").pid, await copied(popup)
    await popup.show(text="A long letter.")
    await popup.reader.type("what is")
    for _ in range(2):
        left = await popup.daemon.hosts.disable(leaving)
        assert (left.state, left.pid) == ("disabled", None)
        await popup.reader.wait("text", "Prompt", states=["focused"], text="what is")
        assert (owner(), clipboard()["UTF8_STRING"]) == (window, COPIED.encode())
        await switch_on(popup, leaving)
        assert {popup.daemon.info(each).pid for each in ("popup", "clipboard", leaving)} == {pid}
    assert (owner(), clipboard()["UTF8_STRING"]) == (window, COPIED.encode())


async def test_the_popup_leaves_and_comes_back_as_new_and_the_clipboard_stays(popup: Stage) -> None:
    await switch_on(popup, "clipboard")
    pid, window = popup.daemon.info("popup").pid, await copied(popup)
    for _ in range(2):
        await popup.show(text="A long letter.")
        await popup.daemon.hosts.disable("popup")
        await popup.reader.gone("text", "Prompt")
        assert (owner(), clipboard()["UTF8_STRING"]) == (window, COPIED.encode())
        assert (await popup.daemon.hosts.enable("popup")).pid == pid
    await popup.show(skill="fix")
    popup.answers.say(RIGHT)
    popup.answers.end()
    await popup.reader.wait(BUTTON, "Replace selection")


async def test_a_replacement_can_be_undone_after_another_plugin_has_left(popup: Stage) -> None:
    """What `selection` remembers of it is in its process only."""
    for plugin in ("selection", "dbus"):
        await switch_on(popup, plugin)
    call = popup.daemon.hosts.call
    async with target("a letter") as letter:
        with Look() as look:
            look.until_active(letter.window)
        await letter.write(WRONG, 0, len(WRONG))
        taken = await call("selection", "take", {"prefer": "selection"})
        done = await call("selection", "replace", {"id": taken["id"], "text": RIGHT})
        assert done["replaced"], done
        await popup.daemon.hosts.disable("dbus")
        undone = await call("selection", "undo", {})
        assert undone["undone"], undone
        await letter.until_text(WRONG)


async def test_the_clipboards_plugin_leaves_and_the_popup_stays_open(popup: Stage) -> None:
    await switch_on(popup, "clipboard")
    pid, window = popup.daemon.info("popup").pid, await copied(popup)
    await popup.show(text="A long letter.")
    await popup.daemon.hosts.disable("clipboard")
    with Look() as look:
        look.until(lambda: look.owner() != window)
    await popup.reader.wait("text", "Prompt", states=["focused"])
    await switch_on(popup, "clipboard")
    await copied(popup)
    assert clipboard()["UTF8_STRING"] == COPIED.encode()
    assert popup.daemon.info("clipboard").pid == pid
