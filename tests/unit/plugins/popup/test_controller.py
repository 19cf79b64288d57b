"""The conversation, with a window that is only a list and a daemon that is only a table."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from fakes.popup_plugin import FOLDER, FakeView, module
from ingle.errors import Busy, ModelTooSmall, NotFound, PluginFailed
from ingle.sdk import Coverage, Plugin
from ingle.sdk.testing import FakeIngle, defaults

controller, model = module("controller"), module("model")
Phase, Action, Offer = model.Phase, model.Action, model.Offer

TAKEN = {
    "id": "7", "source": "primary", "text": "I has a cat.", "program": "Mousepad",
    "can_replace": True, "why_not": None,
}  # fmt: skip
SKILLS = [
    {"name": "fix", "summary": "corrected", "needs": "small", "args": {}, "available": True,
     "strategy": "generative", "required": []},
    {"name": "translate", "summary": "in another language", "needs": "small", "args": {"to": "it"},
     "available": False, "strategy": "", "required": ["to"]},
]  # fmt: skip
RESULT = {
    "text": "I have a cat.", "finish_reason": "stop", "model": "smol", "strategy": "generative",
    "usage": {"output_tokens": 40}, "timing": {"decode_ms": 2000.0},
    "coverage": {"read": 12, "total": 12, "parts": 1}, "result": "r1",
}  # fmt: skip
ANSWER = {
    "answer": "Yours.", "citations": [], "refused": False, "strategy": "generative", "model": "smol",
    "coverage": {"read": 12, "total": 12, "parts": 1}, "usage": {}, "timing": {}, "result": "r2",
}  # fmt: skip


class Stage:
    """A controller with everything around it in the test's hands."""

    def __init__(self, errands: asyncio.TaskGroup) -> None:
        self.ingle = FakeIngle(Plugin(), "popup", FOLDER, defaults(FOLDER))
        self.commands: dict[str, Any] = {
            "selection.take": TAKEN,
            "selection.replace": {"replaced": True, "reason": None, "undo": "u1"},
            "clipboard.copy": None,
            "notify.say": None,
        }
        self.ingle.answers.update({
            "skill.list": SKILLS, "model.list": [], "plugin.list": [], "result.list": [],
            "daemon.status": {"state": "ready", "engine": {"model": "smol", "device": "CPU"}},
            "skill.run": RESULT, "assistant.ask": ANSWER,
            "assistant.generate": {"text": "A cat.", "model": "smol", "result": "r3"},
            "plugin.call": self._command,
        })  # fmt: skip
        self.view = FakeView()
        self.it = controller.Controller(self.ingle, self.view, errands)

    def _command(self, params: dict[str, Any]) -> Any:
        answer = self.commands[f"{params['plugin']}.{params['command']}"]
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def until(self, phase: Any) -> None:
        await self.view.until(lambda: self.it.model.phase is phase)

    async def until_called(self, plugin: str, command: str) -> dict[str, Any]:
        """The arguments of a call of another plugin's command, once there was one."""
        await self.ingle.until(lambda: self._calls(plugin, command) != [])
        return self._calls(plugin, command)[-1]

    def _calls(self, plugin: str, command: str) -> list[dict[str, Any]]:
        return [
            params["args"]
            for method, params in self.ingle.calls
            if method == "plugin.call" and (params["plugin"], params["command"]) == (plugin, command)
        ]

    def choice(self, name: str) -> Any:
        return next(one for one in self.view.skills if one.name == name)


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    async with asyncio.TaskGroup() as errands:
        made = Stage(errands)
        await made.it.learn()
        yield made
        for task in errands._tasks:
            task.cancel()


async def test_it_opens_on_what_is_selected(stage: Stage) -> None:
    await stage.it.open()
    assert (stage.view.is_visible, stage.view.has_focus) == (True, True)
    assert stage.view.screen.chip.title == "Selected in Mousepad"
    assert [one.name for one in stage.view.skills] == ["fix", "translate"]


async def test_a_rewrite_is_shown_as_changes_and_replaces_the_selection(stage: Stage) -> None:
    await stage.it.open()
    stage.it.hear("choose", stage.choice("fix"))
    await stage.until(Phase.DONE)
    params = next(params for method, params in stage.ingle.calls if method == "skill.run")
    assert (params["priority"], params["keep"], params["text"]) == ("interactive", True, "I has a cat.")
    assert [piece.kind for piece in stage.view.screen.changes] == ["same", "removed", "added", "same"]
    stage.it.hear("submit", "")
    assert await stage.until_called("selection", "replace") == {"id": "7", "text": "I have a cat."}
    assert not stage.view.is_visible


async def test_how_much_is_read_is_shown_of_the_answer_that_runs(stage: Stage) -> None:
    runs: asyncio.Queue[dict[str, Any]] = asyncio.Queue()

    async def run_skill(*_: Any, **given: Any) -> Any:
        runs.put_nowait(given)
        await asyncio.Event().wait()

    stage.ingle.run_skill = run_skill
    await stage.it.open(skill="fix")
    first = await runs.get()
    assert stage.view.screen.status == "Reading 4 words …"
    first["on_coverage"](Coverage(read=14_640, total=24_000, parts=4))
    assert stage.view.screen.status == "Reading 61 % of 24,000 characters …"
    stage.it.hear("press", Action.STOP)
    first["on_coverage"](Coverage(read=1, total=24_000, parts=1))
    assert stage.it.model.covered == (14_640, 24_000)
    await stage.it.open(skill="fix")
    await runs.get()
    first["on_coverage"](Coverage(read=1, total=24_000, parts=1))
    assert stage.view.screen.status == "Reading 4 words …"


async def test_what_cannot_be_put_in_its_place_waits_here_and_in_a_notification(stage: Stage) -> None:
    stage.commands["selection.replace"] = {"replaced": False, "reason": "another window has the focus"}
    await stage.it.open(skill="fix")
    await stage.until(Phase.DONE)
    stage.it.hear("press", Action.REPLACE)
    said = await stage.until_called("notify", "say")
    assert (said["key"], said["result"], said["text"]) == ("replace", "r1", "I have a cat.")
    assert "another window has the focus" in said["title"]
    assert (stage.view.is_visible, stage.view.has_focus) == (True, False)
    assert "another window has the focus" in stage.view.screen.status
    assert Action.REPLACE in stage.view.screen.buttons


async def test_a_model_that_is_too_small_can_be_asked_anyway(stage: Stage) -> None:
    stage.ingle.answers["skill.run"] = ModelTooSmall("smol is too small for 'fix'")
    await stage.it.open(skill="fix")
    await stage.until(Phase.FAILED)
    assert stage.view.screen.trouble is not None
    stage.ingle.answers["skill.run"] = RESULT
    stage.it.hear("take_up", next(one for one in stage.view.screen.offers if one.kind == "anyway"))
    await stage.until(Phase.DONE)
    runs = [params["anyway"] for method, params in stage.ingle.calls if method == "skill.run"]
    assert runs == [False, True]


async def test_a_missing_argument_is_asked_for(stage: Stage) -> None:
    await stage.it.open()
    stage.it.hear("choose", stage.choice("translate"))
    assert stage.view.screen.tag == "Translate"
    stage.it.hear("submit", "German")
    await stage.until(Phase.DONE)
    params = next(params for method, params in stage.ingle.calls if method == "skill.run")
    assert params["args"] == {"to": "German"}


async def test_a_question_is_asked_about_the_text_and_followed_up(stage: Stage) -> None:
    await stage.it.open()
    stage.it.hear("choose", module("choices").Choice("ask", "ask", "Ask", said="whose?"))
    await stage.until(Phase.DONE)
    params = next(params for method, params in stage.ingle.calls if method == "assistant.ask")
    assert (params["question"], params["text"]) == ("whose?", "I has a cat.")
    stage.it.hear("submit", "why?")
    await stage.view.until(lambda: stage.view.screen.text == "A cat.")
    messages = next(p["messages"] for method, p in stage.ingle.calls if method == "assistant.generate")
    assert [one["role"] for one in messages] == ["system", "user", "assistant", "user"]


async def test_what_follows_up_a_rewrite_is_kept_and_can_replace_the_selection(stage: Stage) -> None:
    stage.commands["selection.replace"] = {"replaced": False, "reason": "the window is gone"}
    await stage.it.open(skill="fix")
    await stage.until(Phase.DONE)
    stage.it.hear("submit", "shorter")
    await stage.view.until(lambda: stage.view.screen.text == "A cat.")
    assert [
        params["keep"] for method, params in stage.ingle.calls if method == "assistant.generate"
    ] == [True]
    stage.it.hear("submit", "")
    assert await stage.until_called("selection", "replace") == {"id": "7", "text": "A cat."}
    assert (await stage.until_called("notify", "say"))["result"] == "r3"


async def test_what_follows_up_an_answer_from_memory_is_not_kept(stage: Stage) -> None:
    """It would outlive the items that it repeats."""
    await stage.it.open()
    stage.it.hear("drop")
    stage.it.hear("submit", "what is a cat?")
    await stage.until(Phase.DONE)
    stage.it.hear("submit", "why?")
    await stage.view.until(lambda: stage.view.screen.text == "A cat.")
    [keep] = [params["keep"] for method, params in stage.ingle.calls if method == "assistant.generate"]
    assert not keep


async def test_escape_leads_back_from_an_answer_to_the_same_text(stage: Stage) -> None:
    await stage.it.open(skill="fix")
    await stage.until(Phase.DONE)
    stage.it.hear("escape")
    assert stage.view.screen.has_choices
    assert stage.view.screen.chip.title == "Selected in Mousepad"
    stage.it.hear("choose", stage.choice("fix"))
    await stage.until(Phase.DONE)
    stage.it.hear("escape")
    stage.it.hear("escape")
    assert not stage.it.is_open


async def test_enter_takes_the_first_way_out_of_trouble(stage: Stage) -> None:
    stage.ingle.answers["skill.run"] = Busy("the engine is busy")
    await stage.it.open(skill="fix")
    await stage.until(Phase.FAILED)
    stage.ingle.answers["skill.run"] = RESULT
    stage.it.hear("submit", "")
    await stage.until(Phase.DONE)


async def test_a_command_that_failed_offers_nothing_that_does_nothing(stage: Stage) -> None:
    stage.ingle.answers["daemon.pause"] = Busy("the daemon is busy")
    await stage.it.open()
    stage.it.hear("choose", next(one for one in stage.view.commands if one.name == "pause"))
    await stage.until(Phase.FAILED)
    assert stage.view.screen.offers == ()
    stage.it.hear("escape")
    assert stage.view.screen.has_choices


async def test_a_dropped_text_is_not_sent(stage: Stage) -> None:
    await stage.it.open()
    stage.it.hear("drop")
    stage.it.hear("submit", "what is a cat?")
    await stage.until(Phase.DONE)
    params = next(params for method, params in stage.ingle.calls if method == "assistant.ask")
    assert params["text"] is None


async def test_escape_stops_first_and_closes_then(stage: Stage) -> None:
    never = asyncio.Event()

    async def hang(*_: Any) -> Any:
        await never.wait()

    stage.ingle.run_skill = hang
    await stage.it.open(skill="fix")
    await stage.until(Phase.RUNNING)
    stage.it.hear("escape")
    assert (stage.it.model.phase, stage.it.is_open) == (Phase.CHOOSING, True)
    stage.it.hear("escape")
    assert not stage.it.is_open


async def test_without_the_selection_plugin_it_opens_and_says_why_there_is_no_text(stage: Stage) -> None:
    stage.commands["selection.take"] = PluginFailed("the plugin selection is disabled")
    await stage.it.open()
    assert stage.view.screen.chip is None
    assert stage.view.screen.status == "the plugin selection is disabled"


async def test_without_the_clipboard_plugin_the_window_copies(stage: Stage) -> None:
    stage.commands["clipboard.copy"] = PluginFailed("the plugin clipboard is disabled")
    await stage.it.open(skill="fix")
    await stage.until(Phase.DONE)
    stage.it.hear("press", Action.COPY)
    await stage.view.until(lambda: stage.view.copied == "I have a cat.")


async def test_an_error_names_the_next_step_and_can_be_tried_again(stage: Stage) -> None:
    stage.ingle.answers["skill.run"] = Busy("the engine is busy")
    await stage.it.open(skill="fix")
    await stage.until(Phase.FAILED)
    assert stage.view.screen.trouble.text == "Try again in a moment."
    stage.ingle.answers["skill.run"] = RESULT
    stage.it.hear("take_up", stage.view.screen.offers[0])
    await stage.until(Phase.DONE)


async def test_an_idle_popup_closes_when_it_loses_the_focus_and_a_result_does_not(stage: Stage) -> None:
    await stage.it.open()
    stage.it.hear("focus", False)
    assert not stage.it.is_open
    await stage.it.open(skill="fix")
    await stage.until(Phase.DONE)
    stage.it.hear("focus", False)
    assert stage.it.is_open


async def test_an_answer_that_came_while_it_was_closed_is_there_when_it_opens(stage: Stage) -> None:
    await stage.it.open(skill="fix")
    stage.it.close()
    await stage.until(Phase.DONE)
    await stage.it.toggle()
    assert stage.view.screen.text == "I have a cat."
    await stage.it.toggle()
    await stage.it.toggle()
    assert stage.view.screen.phase is Phase.CHOOSING


async def test_a_skill_without_a_text_says_what_to_do(stage: Stage) -> None:
    stage.commands["selection.take"] = {**TAKEN, "source": "none", "text": ""}
    await stage.it.open(skill="fix")
    assert stage.view.screen.trouble.title == "Nothing is selected"


async def test_a_skill_that_is_not_there_is_said_to_who_asked_and_no_window_opens(stage: Stage) -> None:
    with pytest.raises(NotFound, match="there is no skill 'nosuch'") as raised:
        await stage.it.open(skill="nosuch")
    assert raised.value.hint == "the skills are: fix, translate"
    assert not stage.view.is_visible


async def test_what_the_window_read_is_too_late_once_something_else_has_begun(stage: Stage) -> None:
    stage.commands["selection.take"] = {**TAKEN, "source": "none", "text": ""}
    await stage.it.open()
    assert ("read",) in stage.view.told
    stage.it.hear("submit", "what is a cat?")
    stage.it.hear("read", "clipboard", "A letter.", "")
    await stage.until(Phase.DONE)
    assert stage.view.screen.chip is None


async def test_a_command_is_carried_out_by_the_daemon(stage: Stage) -> None:
    stage.ingle.answers["daemon.pause"] = {}
    await stage.it.open()
    stage.it.hear("choose", next(one for one in stage.view.commands if one.name == "pause"))
    await stage.view.until(lambda: stage.view.screen.status == "Paused")
    assert "daemon.pause" in [method for method, _ in stage.ingle.calls]


async def test_a_kept_result_is_shown(stage: Stage) -> None:
    stage.ingle.answers["result.get"] = {
        "id": "r9", "kind": "summary", "title": "A letter", "text": "Ada writes.", "at": 0.0,
        "origin": "clipboard",
    }  # fmt: skip
    await stage.it.show_result("r9")
    assert (stage.view.screen.heading, stage.view.screen.text) == ("A letter", "Ada writes.")
    assert stage.view.screen.default is Action.COPY
