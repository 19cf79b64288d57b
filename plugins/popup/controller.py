"""Between the window, the daemon and the selection: on the loop, never in the GLib thread.

The window is a `View`: it is told what to draw and says what was pressed. A task runs until it is
done or the person stops it; only a key or a click starts one, and only the person's Replace puts a
text into another program.
"""

import asyncio
import time
from collections.abc import Coroutine
from contextlib import suppress
from dataclasses import replace
from typing import Any

from ingle.sdk import Coverage, Ingle, IngleError

from . import commands
from .answering import answer
from .choices import Choice
from .commands import Known
from .diff import Piece, are_alike, diff
from .model import Action, Escape, Model, Offer, Outcome, Phase, Source, Task, Trouble
from .screen import screen_of
from .trouble import trouble_of
from .view import View

TAKE_FIRST_S = 0.05
"""For the selection to be read before the window is there; it may need the other window's focus."""
PACE_S = 0.25
"""Between two looks at how fast an answer comes."""
KEPT_CHARS = 240
"""Of a result that waits in a notification."""
PASTE = "this desktop lets no program do it; copy it and press Ctrl+V there"


class Controller:
    """One conversation after the other; lives as long as the plugin."""

    def __init__(self, ingle: Ingle, view: View, errands: asyncio.TaskGroup) -> None:
        self._ingle, self._view, self._errands = ingle, view, errands
        self.model, self.known = Model(), Known()
        self.is_open = self._has_focus = False
        self._paced_at = 0.0
        self._at_once: Choice | None = None
        """A skill that waits for a text."""
        self._running: asyncio.Task[None] | None = None
        self._taking: asyncio.Task[None] | None = None

    # ---- opening and closing

    async def open(self, skill: str = "", text: str = "", question: str = "") -> None:
        """Show it, with a text or with what is selected; with `skill` that runs at once.

        Raises `NotFound` where there is no such skill.
        """
        wanted = await self.known.skill(self._ingle, skill) if skill else None
        if not (skill or text or question) and self._is_wanted_as_it_is:
            self._show(takes_focus=True)
            return
        self._end_run()
        self.model.opened()
        self._view.type("")  # what was typed last was meant for another text
        if text:
            self.model.took(Source("", "given", text))
            self._offer()
            self._show(takes_focus=True)
        else:
            await self._take("selection")
        self._at_once = wanted
        if wanted:
            self._run_at_once(wanted)
        elif question:
            self._start(Task("ask", "Ask", asked=question))

    @property
    def _is_wanted_as_it_is(self) -> bool:
        """An answer that is being written or was not seen yet waits; and who is in the popup stays
        there. Who has turned to another window and calls anew has something new."""
        is_inside = self.is_open and self._has_focus
        return is_inside or self.model.keeps or self.model.phase is Phase.RUNNING

    async def show_result(self, result: str) -> None:
        """Show a kept result. Raises `NotFound`."""
        kept = await self._ingle.get_result(result)
        self._end_run()
        self.model.shows_result(kept.title, kept.text, kept.id)
        self._view.type("")
        self._offer()
        self._show(takes_focus=True)

    async def toggle(self) -> None:
        if self.is_open:
            self.close()
        else:
            await self.open()

    def close(self) -> None:
        """Out of sight. What runs goes on and is there when it is opened again."""
        self.is_open = False
        self._view.hide()
        if self.model.phase is not Phase.RUNNING:
            self.model.keeps = False

    def _show(self, *, takes_focus: bool) -> None:
        self.is_open = True
        self._render()
        self._view.present(takes_focus=takes_focus)

    def _render(self) -> None:
        self._view.render(screen_of(self.model, self.known.engine_line))

    def _offer(self) -> None:
        has_text = self.model.source is not None or self.model.is_taking
        self._view.offer(self.known.skill_choices(), commands.rows(self.known), has_text=has_text)

    def _soon(self, errand: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        return self._errands.create_task(errand)

    # ---- what there is to work with

    async def _take(self, prefer: str) -> None:
        """Read the selection first, if that is quick: where it takes the other window's focus to
        read it, ours must not have it yet."""
        self.model.takes()
        self._taking = self._soon(self._fetch(prefer))
        await asyncio.wait([self._taking], timeout=TAKE_FIRST_S)
        is_there = self._taking.done()
        self._offer()
        self._show(takes_focus=is_there)
        if not is_there:
            await asyncio.wait([self._taking])
            self._offer()
            self._show(takes_focus=True)

    async def _fetch(self, prefer: str) -> None:
        try:
            found = await self._ingle.call_plugin("selection", "take", prefer=prefer)
        except IngleError as error:
            if self.model.is_taking:
                self.model.took(None, error.message)
            return
        if self.model.is_taking:  # or it was dropped meanwhile
            source, why_not = Source.of(found), str(found.get("why_not") or "")
            says = f"Cannot be replaced there: {why_not}" if source and why_not else why_not
            self.model.took(source, says)
            if source is None:
                self._view.read()

    async def _learn(self) -> None:
        """Ask what there is; the window is there meanwhile, with what was known before."""
        await self.known.learn(self._ingle)
        self._offer()
        self._render()

    async def learn(self) -> None:
        """Before it is first needed."""
        with suppress(IngleError):
            await self._learn()

    # ---- what the window says

    def hear(self, what: str, *said: Any) -> None:
        """Something was pressed; a late word of a closed window is ignored."""
        if self.is_open:
            getattr(self, f"_on_{what}")(*said)

    def _on_choose(self, choice: Choice) -> None:
        if choice.kind == "command":
            self._soon(self._command(choice.name))
        elif choice.kind == "ask":
            self._start(Task("ask", "Ask", asked=choice.said))
        elif choice.missing:
            self.model.wants(choice)
            self._render()
        else:
            self._start(Task.of(choice))

    def _on_submit(self, text: str) -> None:
        """Enter in the prompt, where no row was chosen."""
        match self.model.phase:
            case Phase.ARGUMENT if text:
                self._on_choose(self.model.told(text))
            case Phase.DONE | Phase.FAILED if text:
                kind = "follow" if self.model.outcome else "ask"
                self._start(Task(kind, "Follow up", asked=text))
            case Phase.DONE:
                self._on_press(screen_of(self.model).default)
            case Phase.FAILED if self.model.trouble and self.model.trouble.offers:
                self._on_take_up(self.model.trouble.offers[0])
            case Phase.CHOOSING if text:
                self._start(Task("ask", "Ask", asked=text))

    def _on_read(self, place: str, text: str, why_not: str) -> None:
        """What the window itself has read; too late where the person has begun with something else."""
        waits = self._at_once is not None and self.model.phase is Phase.FAILED
        if self.model.source or not (waits or self.model.phase is Phase.CHOOSING):
            return
        source = Source("", place, text, why_not=PASTE) if text else None
        self.model.took(source, why_not)
        self._offer()
        self._render()
        if source and waits and self._at_once:
            self._on_choose(self._at_once)

    def _on_painted(self) -> None:
        """Only now, so that nothing is in the way of the first picture."""
        self._soon(self._learn())

    def _on_escape(self) -> None:
        match self.model.escape():
            case Escape.STOP:
                self._stop()
            case Escape.BACK:
                self.model.goes_back()
                self._view.type("")
                self._render()
                self._soon(self._learn())  # the answer is now among the last results
            case Escape.CLOSE:
                self.close()

    def _on_focus(self, has_it: bool) -> None:
        self._has_focus = has_it
        if not has_it and self.model.is_idle and self._ingle.settings.hide_unfocused:
            self.close()

    def _on_drop(self) -> None:
        self.model.drop()
        self._offer()
        self._render()

    def _on_press(self, action: Action | None) -> None:
        text = self.model.outcome.text if self.model.outcome else ""
        match action:
            case Action.STOP:
                self._stop()
            case Action.COPY if text:
                self._soon(self._copy(text))
            case Action.AGAIN if self.model.can_try_again:
                self._begin(self.model.starts_again())
            case Action.CHANGES if self.model.changes:
                self.model.shows_changes = not self.model.shows_changes
                self._render()
            case Action.REPLACE if self.model.can_replace:
                self._soon(self._replace())

    def _on_take_up(self, offer: Offer) -> None:
        match offer.kind:
            case "anyway" | "again" if self.model.task:
                self._begin(self.model.starts_again(anyway=offer.kind == "anyway"))
            case "copy":
                self._soon(self._copy(offer.value, f"Copied: {offer.value}"))
            case "use":
                self._soon(self._command(f"model:{offer.value}"))

    # ---- tasks

    def _run_at_once(self, choice: Choice) -> None:
        if self.model.source is None:
            self._fail(Trouble("Nothing is selected", self.model.note or "Select or copy a text first."))
        else:
            self._on_choose(choice)

    def _fail(self, trouble: Trouble) -> None:
        self.model.fails(trouble)
        self._render()

    def _start(self, task: Task) -> None:
        self._end_run()
        self.model.starts(task)
        self._begin(task)

    def _begin(self, task: Task) -> None:
        self._end_run()
        self._view.type("")
        self._render()
        self._running = self._soon(self._work(task, self.model.run))

    async def _work(self, task: Task, run: int) -> None:
        def hear(piece: str) -> None:
            if self.model.run == run and self.model.phase is Phase.RUNNING:
                self.model.heard(piece, time.monotonic())
                self._view.append(run, piece)
                self._render_pace()

        def covers(coverage: Coverage) -> None:
            if self.model.run == run and self.model.phase is Phase.RUNNING:
                self.model.covers(coverage.read, coverage.total)
                self._render()

        try:
            outcome = await answer(self._ingle, self.model, task, hear, covers)
            changes = await self._changes(task, outcome)
        except IngleError as error:
            needs = self.known.needs(task.skill)
            self._fail(trouble_of(error, self.known.models, needs, task.title))
        else:
            self.model.finishes(outcome, changes)
            self.model.keeps = not self.is_open
            self._render()

    def _render_pace(self) -> None:
        """A few times a second; the text goes its own way."""
        now = time.monotonic()
        if now - self._paced_at > PACE_S:
            self._paced_at = now
            self._render()

    async def _changes(self, task: Task, outcome: Outcome) -> list[Piece]:
        """What a skill changed in the text, where the two are alike enough to be shown as one."""
        source = self.model.source
        if source is None or not self.model.makes_text or not self._ingle.settings.changes:
            return []
        pieces = await asyncio.to_thread(diff, source.text.strip(), outcome.text)
        return pieces if are_alike(pieces) else []

    def _stop(self) -> None:
        """The daemon hears of it by the cancelled request."""
        self._end_run()
        self.model.stops()
        self._render()

    def _end_run(self) -> None:
        running, self._running = self._running, None
        if running is not None and running is not asyncio.current_task():
            running.cancel()

    # ---- what is done with a result

    async def _copy(self, text: str, notice: str = "Copied") -> None:
        try:
            await self._ingle.call_plugin("clipboard", "copy", text=text)
        except IngleError:
            self._view.copy(text)  # the plugin is off: the window can hold a text as well
        self._say(notice)

    def _say(self, notice: str) -> None:
        self.model.notice = notice
        self._render()

    async def _replace(self) -> None:
        """Step aside, so that the other window has the focus again, and have the text put there."""
        source, outcome = self.model.source, self.model.outcome
        assert source is not None
        assert outcome is not None
        await self._view.hidden()
        self.is_open = False
        try:
            done = await self._ingle.call_plugin("selection", "replace", id=source.id, text=outcome.text)
        except IngleError as error:
            done = {"replaced": False, "reason": error.message}
        if not done.get("replaced"):
            await self._keep(outcome, str(done.get("reason") or "it did not work"))

    async def _keep(self, outcome: Outcome, reason: str) -> None:
        """It was not put in its place: it stays here, and waits in a notification."""
        self.model.notice = f"Not replaced: {reason}. The text is kept here."
        self.model.keeps = True
        self._show(takes_focus=False)
        with suppress(IngleError):
            await self._ingle.call_plugin(
                "notify",
                "say",
                title="Not replaced: " + reason,
                text=outcome.text[:KEPT_CHARS],
                key="replace",
                result=outcome.kept,
            )

    # ---- commands

    async def _command(self, name: str) -> None:
        verb, _, what = name.partition(":")
        try:
            if verb == "clipboard":
                await self._take("clipboard")
            elif verb == "result":
                await self.show_result(what)
            else:
                self._tell(await commands.carry_out(self._ingle, name))
        except IngleError as error:
            trouble = trouble_of(error, self.known.models, "small")
            self._fail(replace(trouble, offers=()))  # they are about a task
        self._view.type("")
        await self.learn()

    def _tell(self, done: commands.Done) -> None:
        if done.text:
            self.model.shows_result(done.title, done.text, "")
        self._say(done.notice)
