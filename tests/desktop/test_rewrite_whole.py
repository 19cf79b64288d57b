"""A sentence is rewritten as a person does it: the chord, the popup, the real model, a real editor, and
back again. The embedded model is too small for it, which `allow_weak` overrides: what it wrote is
never judged, only what becomes of it."""

import asyncio
import json
import re
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from desktop.conftest import XServer, needed
from desktop.notify_stage import real_server
from desktop.popup_stage import ScreenReader, desktop_for_reading
from desktop.selection_stage import (
    PATIENCE_S,
    Look,
    Told,
    clipboard,
    digests,
    owner,
    press_keys,
    started,
    target,
)
from fakes.running import RunningDaemon, daemon, install_model

pytestmark = [pytest.mark.desktop, pytest.mark.engine, pytest.mark.timeout(300)]

HERE = Path(__file__).parent
PLUGINS = ("hotkey", "popup", "selection", "clipboard", "notify")
BUTTON, LABEL = "push button", "label"
OWN = "application/x-ingle-own"
SECRET = "x-kde-passwordManagerHint"
"""On the clipboard while our text is there, between the chord that pastes it and the way back."""

SENTENCE = (
    "Yesterday I has went to the market with my sister and buyed three apple, two bottle of milk and a "
    "bread, and then we walk home along the river, where the boats was lying in the sun and the "
    "children was throwing stones in the water."
)
"""Long enough to be written in several pieces."""
BEFORE, AFTER = "It was a fine day. ", " See you soon."
LETTER = f"Dear Bob,\n\n{BEFORE}{SENTENCE}{AFTER}\n\nAda — 你好\n"
COPIED = {
    "text/html": ("text/html", 8, "<b>Grüße</b> 你好".encode()),
    "image/png": ("image/png", 8, b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 2000),
}
"""What the person has copied before: two forms, one too large for a single message."""


class Person:
    """Who sits at this desktop, and what is there to be looked at."""

    def __init__(self, running: RunningDaemon, reader: ScreenReader, look: Look) -> None:
        self.running, self.reader, self.look = running, reader, look

    async def editor_has(self, text: str) -> None:
        """Wait until that is exactly what is written in the editor."""
        async with asyncio.timeout(PATIENCE_S):
            while (await self.reader.wait("text", text=text))["text"] != text:
                pass

    async def selects_the_sentence(self) -> None:
        press_keys("key", "ctrl+Home", "Down", "Down")
        press_keys("key", "--repeat", str(len(BEFORE)), "Right")
        press_keys("key", "shift+End")
        press_keys("key", "--repeat", str(len(AFTER)), "shift+Left")
        await asyncio.to_thread(self.look.until, lambda: selected() == SENTENCE)

    async def has_it_fixed(self) -> str:
        """From the chord to the answer, by keys alone; gives what the popup shows."""
        press_keys("key", "ctrl+alt+space")
        chip = await self.reader.wait("panel", SENTENCE[:40])
        assert "Mousepad" in chip["name"]
        await self.reader.wait("text", "Prompt", states=["focused"])
        press_keys("type", "fix")
        await self.reader.wait("list item", "Fix", states=["selected"])
        with self.running.client() as client:
            events = client.events("skill")
            press_keys("key", "Return")
            await asyncio.to_thread(next, (one for one in events if one.name == "result.ready"))
        await self.reader.wait(BUTTON, "Replace selection")
        return str((await self.reader.wait("text", "Answer"))["text"])

    async def has_what_was_copied(self) -> None:
        """Every form of it is on the clipboard, once nothing is being pasted; beside them stands only
        our own mark, by which our plugins leave it alone."""

        def settled() -> dict[str, bytes]:
            found = clipboard()
            return {} if SECRET in found else found

        found = await asyncio.to_thread(self.look.until, settled)
        found.pop(OWN, None)
        assert digests(found) == digests({name: raw for name, (_, _, raw) in COPIED.items()})

    async def result(self) -> dict[str, Any]:
        """The last one, as the command line tells it."""
        listed = await self.ingle("--json", "results")
        [kept] = json.loads(listed.stdout)
        return dict(kept)

    async def ingle(self, *argv: str) -> subprocess.CompletedProcess[bytes]:
        done = await asyncio.to_thread(
            subprocess.run, [sys.executable, "-m", "ingle.cli.main", *argv],
            env=self.running.environ, check=False, timeout=60, capture_output=True,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr.decode()
        return done


def selected() -> str:
    """In whatever program, as xclip reads it."""
    asked = [needed("xclip"), "-o", "-selection", "primary"]
    return subprocess.run(asked, capture_output=True, check=False).stdout.decode()


async def until_all_run(running: RunningDaemon) -> None:
    def all_run() -> bool:
        with running.client() as client:
            states = {one["name"]: one["state"] for one in client.call("plugin.list")}
        assert "failed" not in states.values(), states
        return all(states[name] == "running" for name in PLUGINS)

    async with asyncio.timeout(PATIENCE_S):
        while not await asyncio.to_thread(all_run):
            pass


@pytest.fixture
async def person(
    x_server: XServer,
    session_bus: str,
    private_dirs: Path,
    embedded_model: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> AsyncIterator[Person]:
    """With a letter open, a sentence of it selected, and something else on the clipboard."""
    monkeypatch.setenv("GSETTINGS_BACKEND", "memory")
    install_model(private_dirs, embedded_model)
    settings = private_dirs / "config_home/ingle/config.toml"
    settings.parent.mkdir()
    settings.write_text("[skills]\nallow_weak = true\n")
    letter = private_dirs / "letter.txt"
    letter.write_text(LETTER)
    environ = {"DISPLAY": f":{x_server.number}", "DBUS_SESSION_BUS_ADDRESS": session_bus}
    async with AsyncExitStack() as stack:
        reader = await desktop_for_reading(stack, x_server)
        await stack.enter_async_context(real_server())
        running = stack.enter_context(daemon(private_dirs, **environ))
        with running.client() as client:
            for plugin in PLUGINS:
                client.call("plugin.enable", name=plugin)
        await until_all_run(running)
        await stack.enter_async_context(owner(private_dirs, COPIED))
        argv = [needed("mousepad"), "--disable-server", str(letter)]
        await stack.enter_async_context(started(Told, *argv))
        await reader.wait("text", text=LETTER, states=["focused"])
        made = Person(running, reader, stack.enter_context(Look()))
        await made.selects_the_sentence()
        yield made


def words(text: str) -> set[str]:
    return set(re.findall(r"\w+", text))


async def test_a_sentence_is_corrected_in_a_real_editor_and_taken_back(person: Person) -> None:
    async with started(Told, sys.executable, str(HERE / "answer_listener.py")) as growing:
        await growing.until(lambda told: told == "listens")
        shown = await person.has_it_fixed()
        result = (await person.result())["text"]
        await growing.until(lambda told: told["did"] == "delete" and told["text"] == result)
    assert result != SENTENCE, "the model sees nothing to correct: another sentence is needed"
    _, heading, *streamed, _ = growing.lines
    assert heading["text"] == "Fix\n"
    assert "".join(piece["text"] for piece in streamed) == result
    assert len(streamed) > 1, "it came in one piece"
    assert words(shown) >= words(SENTENCE) | words(result), "the changes are not shown"
    await person.has_what_was_copied()

    press_keys("key", "Return")
    await person.editor_has(LETTER.replace(SENTENCE, result))
    await person.reader.gone("text", "Prompt")
    await person.has_what_was_copied()

    await person.ingle("undo")
    await person.editor_has(LETTER)
    await person.has_what_was_copied()


async def test_when_another_window_takes_the_focus_the_result_waits(person: Person) -> None:
    await person.has_it_fixed()
    result = await person.result()
    async with target("another window") as other:
        await other.write("untouched")
        await asyncio.to_thread(person.look.until, lambda: person.look.active() == other.window)
        await person.reader.press(BUTTON, "Replace selection")
        await person.reader.wait("status bar", "Not replaced: another window has the focus")
        assert words(await person.reader.answer("")) >= words(result["text"])
        await person.reader.wait(LABEL, "Not replaced: another window has the focus")
        await person.reader.wait(LABEL, result["text"][:40])
        assert (await other.say())[0] == "untouched"
    await person.editor_has(LETTER)
    await person.has_what_was_copied()
    assert await person.result() == result
