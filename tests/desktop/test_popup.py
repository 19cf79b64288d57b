"""The popup in its host process, on a real X server with a window manager, as a screen reader sees it."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from desktop.conftest import XServer
from desktop.looking import shown_on
from desktop.popup_stage import TAKEN, Stage, dpi_of, place_of, stage
from ingle.errors import Busy, ModelTooSmall

pytestmark = pytest.mark.desktop

BUTTON, PROMPT = "push button", "text"


@pytest.fixture
async def popup(x_server: XServer, session_bus: str, private_dirs: Path) -> AsyncIterator[Stage]:
    async with stage(x_server, private_dirs) as made:
        yield made


async def done(popup: Stage, text: str = "I have a cat and a dog.") -> None:
    """An answer that came to its end."""
    popup.answers.say(text)
    popup.answers.end()
    await popup.reader.wait(BUTTON, "Copy")


async def until_closed(popup: Stage) -> None:
    await popup.reader.gone(PROMPT, "Prompt")
    assert await asyncio.to_thread(place_of, popup.x) is None


# ---- what is there


async def test_it_is_resident_and_hidden_until_it_is_called(popup: Stage) -> None:
    assert await asyncio.to_thread(place_of, popup.x) is None
    await popup.show()
    assert await asyncio.to_thread(place_of, popup.x) is not None
    await popup.popup("hide")
    await until_closed(popup)


async def test_a_screen_reader_finds_every_part_with_its_role_and_name(popup: Stage) -> None:
    await popup.show()
    await popup.reader.wait("list item", "Rewrite. The same text in another tone")
    tree = await popup.reader.tree()
    parts = {(node["role"], node["name"]) for node in tree}
    assert ("panel", "Text to work on. Selected in Mousepad, 6 words: I has a cat and dog.") in parts
    assert ("list box", "What to do") in parts
    assert ("list item", "Translate. In another language. needs a larger model") in parts
    assert (BUTTON, "Drop the text") in parts
    prompt = next(node for node in tree if node["name"] == "Prompt")
    assert {"editable", "focused"} <= set(prompt["states"])
    assert prompt["description"]
    nameless = [
        node for node in tree if "focusable" in node["states"] and not (node["name"] or node["text"])
    ]
    assert nameless == []


async def test_typing_narrows_the_choices_down(popup: Stage) -> None:
    await popup.show()
    await popup.reader.wait("list item", "Rewrite")
    await popup.reader.type("spell")
    await popup.reader.gone("list item", "Rewrite")
    await popup.reader.wait("list item", "Fix", states=["selected"])


# ---- an answer


async def test_an_answer_is_read_while_it_is_written(popup: Stage) -> None:
    await popup.show(text="A long letter.")
    await popup.reader.type("what is it?")
    popup.key("Return")
    await popup.reader.wait("status bar", "Reading 3 words")
    popup.answers.covers(61, 100)
    await popup.reader.wait("status bar", "Reading 61 % of 100 characters")
    popup.answers.say("It ", "is ")
    await popup.reader.answer("It is ")
    await popup.reader.wait(BUTTON, "Stop")
    state = await popup.popup("state")
    assert (state["phase"], state["open"]) == ("running", True)
    popup.answers.say("a letter.")
    popup.answers.end()
    await popup.reader.answer("It is a letter.")
    await popup.reader.wait("status bar", "20 tok/s")
    await popup.reader.wait("status bar", "all 20 characters read")
    assert (await popup.popup("state"))["word_s"] is not None
    [(method, params)] = popup.answers.asked
    assert (method, params.question, params.text, params.keep) == (
        "assistant.ask", "what is it?", "A long letter.", True,
    )  # fmt: skip


async def test_a_rewrite_shows_its_changes_and_enter_puts_it_in_place(popup: Stage) -> None:
    popup.commands["selection.replace"] = {"replaced": True, "reason": None, "undo": "u"}
    await popup.show(skill="fix")
    await done(popup)
    await popup.reader.answer("I has\u2009have a cat and a dog.")
    await popup.reader.wait("status bar", "2 changes")
    popup.key("Return")
    assert await popup.until_called("selection.replace") == {
        "id": "7", "text": "I have a cat and a dog.",
    }  # fmt: skip
    await until_closed(popup)


async def test_the_changes_can_be_hidden(popup: Stage) -> None:
    await popup.show(skill="fix")
    await done(popup)
    await popup.reader.press("toggle button", "Show changes")
    await popup.reader.answer("I have a cat and a dog.")


async def test_what_is_not_replaced_is_kept_and_told(popup: Stage) -> None:
    popup.commands["selection.replace"] = {"replaced": False, "reason": "another window has the focus"}
    await popup.show(skill="fix")
    await done(popup)
    await popup.reader.press(BUTTON, "Replace selection")
    said = await popup.until_called("notify.say")
    assert (said["result"], said["text"]) == ("r1", "I have a cat and a dog.")
    await popup.reader.wait("status bar", "another window has the focus")
    await popup.reader.wait(BUTTON, "Copy")


async def test_a_model_that_is_too_small_names_one_that_is_not(popup: Stage) -> None:
    await popup.show(skill="fix")
    popup.answers.fail(ModelTooSmall("smol is too small for 'fix'"))
    alert = await popup.reader.wait("alert", "Smol is too small")
    assert "Qwen2.5 0.5B (490 MB, Apache-2.0)" in alert["name"]
    await popup.reader.press(BUTTON, "Copy the command")
    assert (await popup.until_called("clipboard.copy"))["text"] == "ingle model pull qwen2.5-0.5b"
    await popup.reader.press(BUTTON, "Try it anyway")
    await done(popup)
    assert [params.anyway for _, params in popup.answers.asked] == [False, True]


async def test_an_error_says_what_to_do_and_is_tried_again(popup: Stage) -> None:
    await popup.show(skill="fix")
    popup.answers.fail(Busy("the engine is busy"))
    await popup.reader.wait("alert", "Try again in a moment")
    await popup.reader.press(BUTTON, "Try again")
    await done(popup)


async def test_a_follow_up_continues_the_conversation(popup: Stage) -> None:
    await popup.show(text="A letter of Ada.")
    await popup.reader.type("who wrote it?")
    popup.key("Return")
    await done(popup, "Ada.")
    popup.key("Tab")
    await popup.reader.press(BUTTON, "Follow up")
    await popup.reader.wait(PROMPT, "Prompt", states=["focused"])
    await popup.reader.type("and when?")
    popup.key("Return")
    await done(popup, "In May.")
    await popup.reader.answer("In May.")
    assert "Ada." in await popup.reader.answer("who wrote it?")
    method, params = popup.answers.asked[-1]
    assert method == "assistant.generate"
    assert [one.role for one in params.messages] == ["system", "user", "assistant", "user"]
    assert params.priority == "interactive"


async def test_what_follows_up_a_rewrite_replaces_the_selection_too(popup: Stage) -> None:
    popup.commands["selection.replace"] = {"replaced": True, "reason": None, "undo": "u"}
    await popup.show(skill="fix")
    await done(popup)
    await popup.reader.type("shorter")
    popup.key("Return")
    popup.answers.say("I have a cat.")
    popup.answers.end()
    await popup.reader.answer("shorter")
    await popup.reader.wait(BUTTON, "Replace selection")
    popup.key("Return")
    assert (await popup.until_called("selection.replace"))["text"] == "I have a cat."


# ---- by keyboard alone


async def test_escape_leads_from_an_answer_or_trouble_back_to_the_same_text(popup: Stage) -> None:
    await popup.show(skill="fix")
    popup.answers.fail(Busy("the engine is busy"))
    await popup.reader.wait("alert", "The engine is busy")
    popup.key("Return")  # the first way out: try again
    await done(popup)
    popup.key("Escape")
    await popup.reader.wait("list item", "Rewrite", states=["selected"])
    await popup.reader.wait("panel", "Selected in Mousepad")
    await popup.reader.gone("text", "Answer")
    popup.key("Escape")
    await until_closed(popup)


async def test_escape_stops_once_and_closes_twice(popup: Stage) -> None:
    await popup.show(skill="fix")
    popup.answers.say("I have")
    await popup.reader.answer("I have")
    popup.key("Escape")
    await asyncio.wait_for(popup.answers.cancelled.wait(), 30)
    await popup.reader.wait("status bar", "stopped")
    await popup.reader.answer("I have")
    popup.key("Escape")
    await until_closed(popup)


async def test_up_brings_back_what_was_asked_and_down_what_was_being_typed(popup: Stage) -> None:
    await popup.show(text="A letter.")
    for question in ("who?", "when?"):
        await popup.reader.type(question)
        popup.key("Return")
        await done(popup, f"Answer to {question}")
    await popup.reader.type("draft")
    popup.key("Up")
    await popup.reader.wait(PROMPT, "Prompt", text="when?")
    popup.key("Up")
    await popup.reader.wait(PROMPT, "Prompt", text="who?")
    popup.key("Down", "Down")
    await popup.reader.wait(PROMPT, "Prompt", text="draft")


async def test_what_was_typed_last_does_not_stand_in_the_way_of_the_next_text(popup: Stage) -> None:
    await popup.show()
    await popup.reader.type("fix")
    popup.key("Escape")
    await popup.reader.gone(PROMPT, "Prompt")
    popup.commands["selection.take"] = {**TAKEN, "text": "Another text."}
    await popup.show()
    await popup.reader.wait("panel", "Another text.")
    prompt = await popup.reader.wait(PROMPT, "Prompt")
    assert prompt["text"] == ""
    await popup.reader.wait("list item", "Rewrite", states=["selected"])
    popup.key("Up")
    await popup.reader.wait(PROMPT, "Prompt", text="fix")


async def test_arrows_and_numbers_choose_while_the_prompt_keeps_the_focus(popup: Stage) -> None:
    await popup.show()
    await popup.reader.wait("list item", "Rewrite", states=["selected"])
    popup.key("Down")
    await popup.reader.wait("list item", "Fix", states=["selected"])
    await popup.reader.wait(PROMPT, "Prompt", states=["focused"])
    popup.key("alt+1")
    await popup.reader.wait(BUTTON, "Stop")
    popup.answers.end()


async def test_no_number_quits(popup: Stage) -> None:
    await popup.show(text="A letter.")
    await popup.reader.type("quit")
    await popup.reader.wait("list item", "Quit Ingle", states=["selected"])
    popup.key("alt+1")
    await popup.reader.type("fix")
    popup.key("alt+1")  # in order: the first one has been heard, and nothing came of it
    await popup.reader.wait(BUTTON, "Stop")
    popup.answers.end()


async def test_a_skill_asks_for_the_argument_it_needs(popup: Stage) -> None:
    await popup.show(skill="translate")
    await popup.reader.wait("label", "Translate")
    popup.keys("German")
    popup.key("Return")
    await done(popup, "Ich habe eine Katze.")
    assert popup.answers.asked[0][1].args == {"to": "German"}


async def test_the_text_can_be_dropped(popup: Stage) -> None:
    await popup.show()
    popup.key("ctrl+d")
    await popup.reader.gone("panel", "Text to work on")
    await popup.reader.type("what is a cat?")
    popup.key("Return")
    await done(popup, "An animal.")
    assert popup.answers.asked[0][1].text is None


# ---- all kinds of texts and desktops


async def test_text_from_right_to_left_is_shown_and_asked_as_it_is(popup: Stage) -> None:
    popup.commands["selection.take"] = {**TAKEN, "text": "שלום עולם, מה שלומך?"}
    await popup.show()
    await popup.reader.wait("panel", "שלום עולם, מה שלומך?")
    await popup.reader.type("מה זה?")
    popup.key("Return")
    await done(popup, "זו ברכה.")
    await popup.reader.answer("זו ברכה.")
    assert popup.answers.asked[0][1].question == "מה זה?"


async def test_ten_thousand_words_and_a_word_without_end_stay_usable(popup: Stage) -> None:
    await popup.show(text="Tell me all.")
    await popup.reader.type("everything?")
    popup.key("Return")
    for part in range(100):
        popup.answers.say("word " * 100 + ("x" * 3000 if part == 50 else ""))
    popup.answers.say("The end.")
    popup.answers.end()
    await popup.reader.wait("status bar", "tok/s")
    text = await popup.reader.answer("The end.")
    assert text.count("word ") == 10_000
    popup.key("Escape", "Escape")
    await until_closed(popup)


async def test_it_stands_at_the_pointer_and_whole_on_the_screen(popup: Stage) -> None:
    from Xlib import display

    watching = display.Display(f":{popup.x.number}")
    root = watching.screen().root
    for x, y in ((100, 80), (1020, 760), (0, 0)):
        root.warp_pointer(x, y)
        watching.sync()
        await popup.show()
        found = await asyncio.to_thread(place_of, popup.x)
        assert found is not None
        assert found.left >= 0
        assert found.top >= 0
        assert found.left + found.width <= 1024
        assert found.top + found.height <= 768
        if (x, y) == (100, 80):
            assert (found.left, found.top) == (108, 88)
        await popup.popup("hide")
        await until_closed(popup)
    watching.close()


async def test_with_the_desktop_s_fractional_scaling_it_is_larger_and_still_whole(
    x_server: XServer, session_bus: str, private_dirs: Path
) -> None:
    widths = []
    for dpi in (96, 120):
        with dpi_of(x_server, dpi):
            async with stage(x_server, private_dirs / str(dpi), width=60) as made:
                await made.show()
                found = await asyncio.to_thread(place_of, x_server)
                assert found is not None
                widths.append(found.width)
    assert widths[1] / widths[0] == pytest.approx(1.25, abs=0.05)


async def test_when_the_x_server_ends_it_waits_and_is_there_again_with_the_next_one(
    popup: Stage,
) -> None:
    await popup.show()
    popup.x.kill()
    await popup.daemon.until_state("popup", "waiting")
    popup.x.start()
    await popup.daemon.until_state("popup", "running")
    await popup.popup("show")
    await asyncio.to_thread(shown_on, popup.x.number, 30.0)


async def test_a_selection_that_is_slow_does_not_hold_the_window_up(popup: Stage) -> None:
    arrived = asyncio.Event()

    async def slow(plugin: str, command: str, args: dict[str, Any]) -> Any:
        if command == "take":
            await arrived.wait()
        return TAKEN

    popup.daemon.hosts.call = slow  # type: ignore[method-assign]
    opening = asyncio.ensure_future(popup.popup("show"))
    await popup.reader.wait("label", "Looking at what is selected")
    arrived.set()
    await opening
    await popup.reader.wait("panel", "Selected in Mousepad")
    await popup.reader.wait(PROMPT, "Prompt", states=["focused"])
