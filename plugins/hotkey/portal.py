"""The GlobalShortcuts portal: the desktop hears the chords, and the person allows them there.

A session of shortcuts lives as long as the portal does. When that is started anew, or the bus is,
a session is made anew and the same shortcuts are bound in it; the desktop knows them by the
application's id and by theirs, and does not ask again.
"""

import asyncio
import itertools
from collections.abc import Mapping, Sequence
from typing import Any

from ingle.sdk.chords import KEYS, Chord
from ingle.sdk.glib import GLib

from .actions import in_words
from .binding import Absent, Binding, Desk, Lost
from .portal_bus import Bus, NoBus, Refused, connect

NAME = "portal"
APP_ID = "io.github.ingle.Ingle"
BUS_NAME, PATH = "org.freedesktop.portal.Desktop", "/org/freedesktop/portal/desktop"
SHORTCUTS = "org.freedesktop.portal.GlobalShortcuts"
REGISTRY = "org.freedesktop.host.portal.Registry"
REQUEST, SESSION = "org.freedesktop.portal.Request", "org.freedesktop.portal.Session"
DBUS, DBUS_PATH = "org.freedesktop.DBus", "/org/freedesktop/DBus"
OWNER_CHANGED = f"{DBUS}.NameOwnerChanged"
NO_ANSWER = {"", "org.freedesktop.DBus.Error.NoReply"}
NO_REGISTRY = ("Unknown", "InvalidArgs", "ServiceUnknown")
"""How the errors of portals begin that take no names, and of a bus without a portal."""
SETTLING_S = (0.1, 0.2, 0.4, 0.8, 1.6, 3.2)
DECLINED = 1
"""The answer's code when the person has said no."""
HOW_TO_BIND = (
    "no portal for shortcuts on this desktop; bind a key to the command `ingle popup` in its settings "
    "(sway: bindsym Ctrl+Alt+space exec ingle popup)"
)
NOT_KNOWN = f"the portal does not know {APP_ID}: `ingle setup` installs its desktop file"
WHERE_TO_CHOOSE = (
    "choose them in the desktop's settings for shortcuts (Hyprland: "
    f"bind = CTRL ALT, space, global, {APP_ID}:{{id_}})"
)

_MODIFIERS = {"Ctrl": "CTRL", "Alt": "ALT", "Shift": "SHIFT", "Super": "LOGO"}
_TOKENS = itertools.count()


def trigger_of(chord: Chord) -> str:
    """As the XDG shortcuts specification writes a chord: `CTRL+ALT+space`."""
    return "+".join([*(_MODIFIERS[name] for name in chord.modifiers), KEYS[chord.key].keysym])


def ids_of(bindings: Sequence[Binding]) -> dict[str, Binding]:
    """An id for each: the same from one start to the next, also when others are added or removed."""
    found: dict[str, Binding] = {}
    for binding in bindings:
        slug = binding.action.replace(":", "-")
        ids = (slug if n == 1 else f"{slug}-{n}" for n in itertools.count(1))
        found[next(each for each in ids if each not in found)] = binding
    return found


class Portal:
    """The back end. Where X11 would do as well, a portal that does not run is not started for it."""

    def __init__(self, *, may_start: bool) -> None:
        self._may_start = may_start

    async def serve(self, desk: Desk) -> None:
        """Raises `Absent` and `Lost`."""
        try:
            bus = await connect()
        except NoBus as reason:
            raise Absent(str(reason)) from None
        session = _Session(bus, desk, self._may_start)
        talk = asyncio.ensure_future(session.live())
        ends = [asyncio.ensure_future(each.wait()) for each in (bus.closed, session.gone)]
        try:
            await asyncio.wait([talk, *ends], return_when=asyncio.FIRST_COMPLETED)
            if talk.done():
                talk.result()
            raise Lost("the desktop's portal or the session bus went away")
        finally:
            for task in (talk, *ends):
                task.cancel()
            await asyncio.gather(talk, *ends, return_exceptions=True)
            await bus.close()

    async def try_again(self) -> None:
        """The desktop tells by itself when its shortcuts change."""


class _Session:
    """From the first word with the portal until it goes."""

    def __init__(self, bus: Bus, desk: Desk, may_start: bool) -> None:
        self._bus, self._desk, self._may_start = bus, desk, may_start
        self._ids = ids_of(desk.bindings)
        self._handle = ""
        self._answers: dict[str, asyncio.Future[tuple[int, dict[str, Any]]]] = {}
        self._note: str | None = None
        self.gone = asyncio.Event()

    async def live(self) -> None:
        """Raises `Absent`; otherwise it lives until cancelled."""
        await self._listen()
        try:
            await self._look_whether_it_runs()
            await self._introduce()
            await self._look_whether_there()
            self._desk.all_wait("the desktop is asked for the shortcuts; it may ask you")
            await self._bind()
        except Refused as error:
            raise Absent(f"the portal for shortcuts does not work ({error.name or error})") from None
        await asyncio.Event().wait()

    async def _listen(self) -> None:
        """Before anything is asked for: an answer may come before the call returns."""
        await self._bus.hear(DBUS, OWNER_CHANGED, self._take_owner, DBUS_PATH)
        await self._bus.hear(BUS_NAME, f"{REQUEST}.Response", self._take_answer)
        await self._bus.hear(BUS_NAME, f"{SESSION}.Closed", self._take_close)
        await self._bus.hear(BUS_NAME, f"{SHORTCUTS}.Activated", self._take_press, PATH)
        await self._bus.hear(BUS_NAME, f"{SHORTCUTS}.ShortcutsChanged", self._take_change, PATH)

    async def _look_whether_it_runs(self) -> None:
        """Raises `Absent`."""
        name = GLib.Variant("(s)", (BUS_NAME,))
        asked = f"{DBUS}.NameHasOwner"
        if not self._may_start and not (await self._bus.call(DBUS, DBUS_PATH, asked, name))[0]:
            raise Absent("no portal is running")

    async def _introduce(self) -> None:
        """Say who we are: it has to be the first call. Portals before 1.20 take no names.

        Raises `Absent`.
        """
        options = GLib.Variant("(sa{sv})", (APP_ID, {}))
        try:
            await self._bus.call(BUS_NAME, PATH, f"{REGISTRY}.Register", options)
        except Refused as error:
            if error.name in NO_ANSWER:  # nor would it answer the next call
                raise Absent("the portal for shortcuts does not answer") from None
            if not error.name.rpartition(".")[2].startswith(NO_REGISTRY):
                self._note = NOT_KNOWN

    async def _look_whether_there(self) -> None:
        """A portal that is just starting has its name before its interfaces, and tells of neither.

        It is given a while where nothing else would hear the chords. Raises `Absent`.
        """
        what = GLib.Variant("(ss)", (SHORTCUTS, "version"))
        for pause_s in (*SETTLING_S, None) if self._may_start else (None,):
            try:
                await self._bus.call(BUS_NAME, PATH, "org.freedesktop.DBus.Properties.Get", what)
            except Refused as error:
                if pause_s is None or "Service" in error.name:
                    raise Absent("there is no portal for shortcuts") from None
                await asyncio.sleep(pause_s)
            else:
                return

    async def _bind(self) -> None:
        """Raises `Refused`, and `Absent` when the portal has nobody behind it."""
        token = f"ingle{next(_TOKENS)}"
        code, results = await self._request(
            "CreateSession", "(a{sv})", (), {"session_handle_token": GLib.Variant("s", token)}
        )
        self._handle = str(results.get("session_handle", ""))
        if code or not self._handle:
            raise Absent("the portal for shortcuts has no desktop behind it")
        wanted = [(id_, _described(binding)) for id_, binding in self._ids.items()]
        code, results = await self._request(
            "BindShortcuts", "(oa(sa{sv})sa{sv})", (self._handle, wanted, ""), {}
        )
        if code == DECLINED:
            self._desk.all_wait("you declined; `ingle plugin enable hotkey` asks again")
        elif code:
            raise Absent("the desktop did not take the shortcuts")
        else:
            self._take_bound(results.get("shortcuts", []))

    async def _request(
        self, method: str, signature: str, args: tuple[Any, ...], options: dict[str, Any]
    ) -> tuple[int, dict[str, Any]]:
        """The portal's way: the call gives a handle, a signal on it the answer, minutes later maybe."""
        token = f"ingle{next(_TOKENS)}"
        sender = self._bus.own_name.removeprefix(":").replace(".", "_")
        path = f"{PATH}/request/{sender}/{token}"
        answer: asyncio.Future[tuple[int, dict[str, Any]]] = asyncio.get_running_loop().create_future()
        self._answers[path] = answer
        options = {**options, "handle_token": GLib.Variant("s", token)}
        try:
            parameters = GLib.Variant(signature, (*args, options))
            await self._bus.call(BUS_NAME, PATH, f"{SHORTCUTS}.{method}", parameters)
            return await answer
        finally:
            del self._answers[path]

    # ---- signals

    def _take_owner(self, _path: str, values: tuple[Any, ...]) -> None:
        name, before, _after = values
        if name == BUS_NAME and before:
            self.gone.set()

    def _take_answer(self, path: str, values: tuple[Any, ...]) -> None:
        answer = self._answers.get(path)
        if answer is not None and not answer.done():
            answer.set_result((int(values[0]), dict(values[1])))

    def _take_close(self, path: str, _values: tuple[Any, ...]) -> None:
        """By the person's hand; or the portal ends, and a moment later its name is gone too."""
        if path == self._handle:
            self._desk.all_wait("the desktop ended it; `ingle plugin enable hotkey` asks again")

    def _take_press(self, _path: str, values: tuple[Any, ...]) -> None:
        handle, id_, *_ = values
        binding = self._ids.get(id_)
        if handle == self._handle and binding is not None:
            self._desk.on_press(binding)

    def _take_change(self, _path: str, values: tuple[Any, ...]) -> None:
        handle, shortcuts = values
        if handle == self._handle:
            self._take_bound(shortcuts)

    def _take_bound(self, shortcuts: Sequence[tuple[str, Mapping[str, Any]]]) -> None:
        given = {id_: str(more.get("trigger_description", "")) for id_, more in shortcuts}
        for id_, binding in self._ids.items():
            trigger = given.get(id_)
            if trigger is None:
                binding.is_taken(NAME, "the desktop did not take it")
            elif not trigger:
                binding.waits(f"no keys yet: {WHERE_TO_CHOOSE.format(id_=id_)}", NAME)
            else:
                binding.is_bound(NAME, self._note or _other(trigger, binding.chord))
        self._desk.on_change()


def _described(binding: Binding) -> dict[str, Any]:
    return {
        "description": GLib.Variant("s", in_words(binding.action)),
        "preferred_trigger": GLib.Variant("s", trigger_of(binding.chord)),
    }


def _other(trigger: str, chord: Chord) -> str | None:
    """What the desktop made of the chord, in its own words, where they are other words."""
    written = trigger.replace(" ", "").lower()
    same = {str(chord).lower(), trigger_of(chord).lower(), f"press{str(chord).lower()}"}
    return None if written in same else f"the desktop has it on {trigger}"


class Unserved:
    """The end of the list under Wayland: it says how to bind a key there, and waits for a portal."""

    async def serve(self, desk: Desk) -> None:
        """Raises `Lost` when a portal has come."""
        desk.all_wait(HOW_TO_BIND)
        try:
            bus = await connect()
        except NoBus:
            raise Lost(HOW_TO_BIND) from None
        appeared = asyncio.Event()

        def take_owner(_path: str, values: tuple[Any, ...]) -> None:
            if values[0] == BUS_NAME and values[2]:
                appeared.set()

        ends = [asyncio.ensure_future(each.wait()) for each in (bus.closed, appeared)]
        try:
            await bus.hear(DBUS, OWNER_CHANGED, take_owner, DBUS_PATH)
            await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in ends:
                task.cancel()
            await asyncio.gather(*ends, return_exceptions=True)
            await bus.close()
        raise Lost(HOW_TO_BIND)

    async def try_again(self) -> None:
        """It hears of a portal by itself."""
