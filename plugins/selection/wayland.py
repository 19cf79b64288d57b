"""The selection under Wayland: data-control for the clipboard, a virtual keyboard, the compositor for
the focus. Where one of the three is missing, the text is copied and the person is told to paste it.

Weaker than on X11, and said so in README.md: nothing holds the focus still between looking and
pressing, and nobody knows who fetches a text.
"""

import asyncio
import os
from typing import Any

from ingle.sdk.marks import OWN, is_secret
from ingle.sdk.wayland import Clipboards, CompositorGone, TooMuch

from . import compositor, offers, programs, pty, wlclipboard
from .compositor import Spot
from .fitting import fitted, for_terminal
from .memory import Replacement
from .taking import Taken, Wish
from .transaction import CHANGED, MOVED, NOT_TAKEN, NotDone
from .virtualkeyboard import VirtualKeyboard

FOCUS_TRIES, FOCUS_PAUSE_S = 40, 0.025
SERVE_S = 3.0
QUIET_S = 0.06
KEEP_OUT = "x-kde-passwordManagerHint"
KINDS = ("text/plain;charset=utf-8", "UTF8_STRING", "text/plain", "STRING")
NO_KEYS = "it is copied: press Ctrl+V there (this desktop lets no program press keys)"
NO_FOCUS = "it is copied: press Ctrl+V there (this desktop tells no program which window has the focus)"
NO_CLIPBOARD = "this desktop lets no program in the background use the clipboard; copy it in the popup"
MARKED = "the clipboard holds a secret, which is never read and so could not be put back"


class Wayland:
    """A `Backend` for compositors; connects when it is first needed, and again after an end."""

    def __init__(self, keep_bytes: int) -> None:
        self._keep_bytes = keep_bytes
        self.control: Clipboards | None = None
        self._keyboard: VirtualKeyboard | None = None

    def note(self) -> str | None:
        """What the person should know of this desktop."""
        if compositor.asks_with(os.environ) is None:
            return "Wayland: it cannot be seen here which window has the focus, so texts are only copied"
        return None

    def retire(self) -> None:
        """What was put back stays until somebody copies, as on X11."""
        if self.control is not None:
            self.control.retire()

    async def _connected(self) -> Clipboards:
        if self.control is None or self.control.gone.is_set():
            self.control = await Clipboards.connect()
            self._keyboard = None
        return self.control

    async def take(self, wish: Wish) -> Taken:
        spot = await compositor.focused()
        try:
            control = await self._connected()
            await control.sync()
            if not wish.is_clipboard and (text := await _text(control, "PRIMARY", wish.most)):
                return Taken("primary", text, spot, _why_not(spot))
            text = await _text(control, "CLIPBOARD", wish.most)
        except CompositorGone:
            return Taken("none", "", spot, NO_CLIPBOARD)
        except NotDone as reason:
            return Taken("none", "", spot, str(reason))
        return Taken("clipboard" if text else "none", text, spot, "nothing is selected")

    async def replace(self, taken: Taken, text: str) -> Replacement:
        try:
            control = await self._connected()
            await control.sync()
            return await self._replace(control, taken, text)
        except CompositorGone:
            raise NotDone(await self._copied_otherwise(taken, text)) from None

    async def _copied_otherwise(self, taken: Taken, text: str) -> str:
        """Why nothing was pasted, after the text was copied as this desktop allows."""
        if await wlclipboard.holds_secret():
            return MARKED
        is_copied = await wlclipboard.copy(fitted(text, taken.text))
        return NO_KEYS if is_copied else NO_CLIPBOARD

    async def _replace(self, control: Clipboards, taken: Taken, text: str) -> Replacement:
        spot = taken.place
        old = taken.text if taken.source == "primary" else ""
        new = fitted(text, old)
        chord = _chord(spot) if spot else None
        kept = await self._keep(control, chord.selection if chord else "CLIPBOARD")
        if spot is None or chord is None:
            control.own("CLIPBOARD", _values(new))
            raise NotDone(NO_FOCUS)
        if programs.is_terminal((spot.app,), holds_a_terminal=pty.holds_one(spot.pid)):
            line = for_terminal(new)
            if line is None:
                raise NotDone("a terminal would run a text of several lines: copy it instead")
            new = line
        elif old and await _text(control, "PRIMARY", len(old.encode()) + 1024) != old:
            raise NotDone(CHANGED)
        await self._paste(control, spot, chord, new, kept)
        return Replacement(spot, new, old)

    async def _paste(
        self, control: Clipboards, spot: Spot, chord: programs.Chord, text: str, kept: dict[str, bytes]
    ) -> None:
        await _until_focused(spot)
        changes = control.changes
        source = control.own(chord.selection, {**_values(text), KEEP_OUT: b"secret"})
        await control.sync()
        could_press, was_fetched = False, False
        try:
            if control.changes > changes + 1:
                raise NotDone(CHANGED)
            if await compositor.focused() != spot:
                raise NotDone(MOVED)
            could_press = await self._press(control, chord)
            was_fetched = could_press and await _until_fetched(source.fetched)
        finally:
            if not source.is_cancelled:
                _put_back(control, chord.selection, kept)
                await control.sync()
        if not could_press:
            control.own("CLIPBOARD", _values(text))
            raise NotDone(NO_KEYS)
        if not was_fetched:
            raise NotDone(NOT_TAKEN)

    async def _press(self, control: Clipboards, chord: programs.Chord) -> bool:
        """Whether the compositor takes keys from programs."""
        try:
            if self._keyboard is None:
                self._keyboard = VirtualKeyboard(control)
        except LookupError:
            return False
        self._keyboard.press(chord.modifiers, chord.key)
        await control.sync()
        return True

    async def _keep(self, control: Clipboards, selection: str) -> dict[str, bytes]:
        """Everything that is offered. Raises `NotDone` where it cannot be read, or must not be."""
        kinds = [kind for kind in control.types(selection) if kind not in offers.NOT_DATA]
        if is_secret(kinds):
            raise NotDone(MARKED)
        values: dict[str, bytes] = {}
        left = self._keep_bytes
        for kind in kinds:
            try:
                values[kind] = await control.read(selection, kind, left)
            except (TooMuch, TimeoutError):
                raise NotDone(
                    "the clipboard could not be put back afterwards: it is too large or too slow"
                ) from None
            left -= len(values[kind])
        return values

    async def undo(self, replacement: Replacement) -> None:
        """Over what the person has selected again; keys that select are not pressed blindly here."""
        taken = Taken("primary", replacement.new, replacement.place, None)
        try:
            await self.replace(taken, replacement.old)
        except NotDone as reason:
            raise NotDone(f"{reason}; select the new text, then undo") from None

    async def where(self) -> dict[str, Any]:
        return {"pointer": [0, 0], "window": 0}


def _why_not(spot: Spot | None) -> str | None:
    if spot is None:
        return NO_FOCUS
    return None if _chord(spot) else f"{spot.program} does not paste with keys that are known"


def _chord(spot: Spot) -> programs.Chord | None:
    return programs.paste_chord((spot.app,), holds_a_terminal=pty.holds_one(spot.pid))


def _values(text: str) -> dict[str, bytes]:
    return {**{kind: value.data for kind, value in offers.of_text(text).values.items()}, OWN: b""}


def _put_back(control: Clipboards, selection: str, kept: dict[str, bytes]) -> None:
    if kept:
        control.own(selection, {**kept, OWN: b""})
    else:
        control.disown(selection)


async def _text(control: Clipboards, selection: str, most: int) -> str:
    """The text, or nothing. Raises `NotDone` for a secret."""
    kinds = control.types(selection)
    if is_secret(kinds):
        raise NotDone("it is marked as secret and is not read")
    kind = next((kind for kind in KINDS if kind in kinds), None)
    if kind is None:
        return ""
    try:
        raw = await control.read(selection, kind, most)
    except (TooMuch, TimeoutError):
        return ""
    return offers.decode(offers.Value(kind, 8, raw), kind) or ""


async def _until_focused(spot: Spot) -> None:
    for _ in range(FOCUS_TRIES):
        if await compositor.focused() == spot:
            return
        await asyncio.sleep(FOCUS_PAUSE_S)
    raise NotDone(MOVED)


async def _until_fetched(fetched: asyncio.Event) -> bool:
    try:
        async with asyncio.timeout(SERVE_S):
            await fetched.wait()
    except TimeoutError:
        return False
    await asyncio.sleep(QUIET_S)
    return True
