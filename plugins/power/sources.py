"""Services that say whether something is so just now: on battery, a game, a locked screen.

Each is asked anew whenever it says that something has changed, starts or ends; nothing is polled.
"""

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass

from .bus import Absent, Bus, Place, Signal, owner_of, properties_of

UPOWER = Place(
    "org.freedesktop.UPower", "/org/freedesktop/UPower", "org.freedesktop.UPower", may_start=True
)
GAMEMODE = Place(
    "com.feralinteractive.GameMode", "/com/feralinteractive/GameMode", "com.feralinteractive.GameMode"
)
LOGIND = "org.freedesktop.login1"
MANAGER = Place(LOGIND, "/org/freedesktop/login1", f"{LOGIND}.Manager")
SESSION = f"{LOGIND}.Session"
SCREEN_SAVERS = tuple(
    Place(f"org.{desktop}.ScreenSaver", f"/org/{desktop}/ScreenSaver", f"org.{desktop}.ScreenSaver")
    for desktop in ("freedesktop", "gnome", "cinnamon", "mate", "xfce")
)


@dataclass(frozen=True)
class Source:
    """`read` gives whether it is so, None where nobody can say; `signals` tell when to read again."""

    name: str
    read: Callable[[Bus], Awaitable[bool | None]]
    signals: tuple[Signal, ...]


async def states(bus: Bus, source: Source) -> AsyncIterator[bool | None]:
    """How it is now, and again after each word of the service. Raises `Gone`."""
    changed = asyncio.Event()
    changed.set()
    for signal in source.signals:
        await bus.listen(signal, lambda _: changed.set())
    while True:
        await changed.wait()
        changed.clear()
        yield await _read(bus, source)


async def _read(bus: Bus, source: Source) -> bool | None:
    try:
        return await source.read(bus)
    except Absent:
        return None


# ---- battery


async def _is_on_battery(bus: Bus) -> bool:
    return bool(await bus.get(UPOWER, "OnBattery"))


BATTERY = Source("UPower", _is_on_battery, (properties_of(UPOWER), owner_of(UPOWER.service)))

# ---- games


async def _has_games(bus: Bus) -> bool:
    return int(await bus.get(GAMEMODE, "ClientCount")) > 0


GAMES = Source(
    "GameMode",
    _has_games,
    (
        properties_of(GAMEMODE),
        Signal(GAMEMODE.service, GAMEMODE.interface, "GameRegistered"),
        Signal(GAMEMODE.service, GAMEMODE.interface, "GameUnregistered"),
        owner_of(GAMEMODE.service),
    ),
)

# ---- the screen


async def _is_session_locked(bus: Bus) -> bool:
    """Whether the screen of any of this person's sessions is locked, as its locker reports it.

    `Lock` and `Unlock` are only requests to the locker; after them it is asked what has come of it.
    """
    (sessions,) = await bus.call(MANAGER, "ListSessions")
    mine = [path for _, uid, _, _, path in sessions if uid == os.getuid()]
    return any([await _is_locked(bus, path) for path in mine])


async def _is_locked(bus: Bus, path: str) -> bool:
    try:
        return bool(await bus.get(Place(LOGIND, path, SESSION), "LockedHint"))
    except Absent:  # it has ended meanwhile
        return False


LOCKED_SESSION = Source(
    "screen lock",
    _is_session_locked,
    (
        Signal(LOGIND, "org.freedesktop.DBus.Properties", "PropertiesChanged", first=SESSION),
        Signal(LOGIND, SESSION, "Lock"),
        Signal(LOGIND, SESSION, "Unlock"),
        Signal(LOGIND, MANAGER.interface, "SessionNew", MANAGER.path),
        Signal(LOGIND, MANAGER.interface, "SessionRemoved", MANAGER.path),
        owner_of(LOGIND),
    ),
)


async def _is_screen_saved(bus: Bus) -> bool | None:
    """Whether any screen saver is active; each desktop has its own, some have two."""
    said = [await _is_active(bus, saver) for saver in SCREEN_SAVERS]
    known = [each for each in said if each is not None]
    return any(known) if known else None


async def _is_active(bus: Bus, saver: Place) -> bool | None:
    try:
        (active,) = await bus.call(saver, "GetActive")
    except Absent:
        return None
    return bool(active)


SAVED_SCREEN = Source(
    "screen saver",
    _is_screen_saved,
    tuple(Signal(None, saver.interface, "ActiveChanged") for saver in SCREEN_SAVERS)
    + tuple(owner_of(saver.service) for saver in SCREEN_SAVERS),
)
