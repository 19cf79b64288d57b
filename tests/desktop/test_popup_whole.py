"""The popup with the real selection plugin, on a text in another program's window."""

from pathlib import Path

import pytest

from desktop.conftest import XServer
from desktop.popup_stage import Stage, stage
from desktop.selection_stage import target

pytestmark = pytest.mark.desktop

BUTTON = "push button"
WRONG, RIGHT = "I has a cat and dog.", "I have a cat and a dog."


async def fixed(popup: Stage) -> None:
    """The skill has run on what is selected."""
    await popup.show(skill="fix")
    await popup.reader.wait("panel", WRONG)
    popup.answers.say(RIGHT)
    popup.answers.end()
    await popup.reader.wait(BUTTON, "Replace selection")


async def test_what_is_selected_elsewhere_is_corrected_in_its_place_by_keys_alone(
    x_server: XServer, session_bus: str, private_dirs: Path
) -> None:
    async with stage(x_server, private_dirs) as popup, target("a letter") as letter:
        await popup.enable("selection")
        await letter.write(f"Dear Bob, {WRONG} Ada", 10, 10 + len(WRONG))
        await fixed(popup)
        popup.key("Return")
        await letter.until_text(f"Dear Bob, {RIGHT} Ada")
        await popup.reader.gone("text", "Prompt")


async def test_when_the_focus_has_gone_elsewhere_nothing_is_pasted_and_the_text_is_kept(
    x_server: XServer, session_bus: str, private_dirs: Path
) -> None:
    async with stage(x_server, private_dirs) as popup, target("a letter") as letter:
        await popup.enable("selection")
        await letter.write(WRONG)
        await fixed(popup)
        async with target("another window") as other:
            await other.write("untouched")
            await popup.reader.press(BUTTON, "Replace selection")
            said = await popup.until_called("notify.say")
            assert said["text"] == RIGHT
            await popup.reader.wait("status bar", "Not replaced")
            assert (await other.say())[0] == "untouched"
        assert (await letter.say())[0] == WRONG


async def test_reading_and_copying_in_the_popup_leaves_the_selection_where_it_is(
    x_server: XServer, session_bus: str, private_dirs: Path
) -> None:
    async with stage(x_server, private_dirs) as popup, target("a letter") as letter:
        await popup.enable("selection")
        await letter.write(WRONG)
        await fixed(popup)
        popup.key("Tab", "Tab", "ctrl+a", "shift+Tab", "shift+Tab")
        await popup.reader.wait("text", "Prompt", states=["focused"])
        popup.key("Return")
        await letter.until_text(RIGHT)
