"""The chords: who hears them, or who would, and which are taken by another program."""

import shutil
import subprocess
from collections.abc import Collection, Mapping
from typing import Any

from ingle.cli.checkup.finding import Finding, Findings, ok, warn
from ingle.cli.session import Session
from ingle.client import Ingle
from ingle.errors import DaemonNotRunning, IngleError
from ingle.plughost.approvals import Approvals
from ingle.vocabulary import PluginState

NAME = "hotkey"
DBUS, PORTAL = "org.freedesktop.DBus", "org.freedesktop.portal.Desktop"
SHORTCUTS = "org.freedesktop.portal.GlobalShortcuts"
BUS_S = 5.0
HEARD_BY = {
    "portal": "the desktop's portal for shortcuts",
    "x11": "key grabs of X11",
    "keyboard": "the input devices (library keyboard)",
}
DONE_BY = {
    "popup": "popup", "skill": "popup", "summarize-clipboard": "clipboard", "undo": "selection"
}  # fmt: skip
"""The plugin that an action is asked of."""
BIND_IT = "bind a key to `ingle popup` in the desktop's settings"


def hotkey(session: Session) -> Findings:
    """The chords of the running plugin; where it does not run, who would hear them."""
    try:
        with session.connect(start=False) as ingle:
            states = {plugin.name: plugin.state for plugin in ingle.status().plugins}
            if is_on(states.get(NAME)):
                skills = {skill["name"] for skill in ingle.call("skill.list")}
                yield from [judge(chord, states, skills) for chord in _chords(ingle)]
            elif states.get(NAME) is not PluginState.FAILED:  # that is said with the plugins
                yield would_hear(session.environ)
    except DaemonNotRunning:
        approval = Approvals(session.paths.approvals).get(NAME)
        is_enabled = approval is not None and approval.enabled
        yield would_hear(session.environ, "the daemon is not running" if is_enabled else "off")


def is_on(state: PluginState | None) -> bool:
    return state in {PluginState.RUNNING, PluginState.WAITING}


def _chords(ingle: Ingle) -> list[dict[str, Any]]:
    """Empty while the plugin cannot answer: why, is said with the plugins."""
    try:
        return list(ingle.call("plugin.call", plugin=NAME, command="bindings", args={}))
    except IngleError:
        return []


def judge(
    chord: Mapping[str, Any], states: Mapping[str, PluginState], skills: Collection[str]
) -> Finding:
    """One chord as the plugin's command `bindings` tells of it, beside who does the work."""
    name, does = f"chord {chord['chord']}", chord.get("does") or chord["action"]
    action, _, skill = str(chord["action"]).partition(":")
    needs = DONE_BY.get(action)
    if needs and not is_on(states.get(needs)):
        how = "has failed" if states.get(needs) is PluginState.FAILED else "is off"
        return warn(name, f"{does}: plugin {needs} {how}", f"`ingle plugin enable {needs}`")
    if action == "skill" and skill not in skills:
        there_are = ", ".join(sorted(skills)) or "none"
        next_step = "correct it in [plugins.hotkey], then `ingle reload`"
        return warn(name, f"{does}: there is no skill {skill!r}; there are {there_are}", next_step)
    by = HEARD_BY.get(str(chord["backend"]), "nobody")
    reason = f" ({chord['reason']})" if chord["reason"] else ""
    match chord["state"]:
        case "bound":
            return ok(name, f"{does}; heard by {by}{reason}")
        case "taken":
            return warn(
                name, f"{does}: not bound{reason}", "set another one in [plugins.hotkey], `ingle reload`"
            )
        case _:
            return warn(name, f"{does}: not bound yet{reason}", BIND_IT)


def would_hear(environ: Mapping[str, str], why_not: str = "off") -> Finding:
    """What the plugin would find, by the order in which it looks: portal, X11."""
    if _has_portal(environ):
        return ok(NAME, f"{why_not}; {HEARD_BY['portal']} would hear the chords")
    if environ.get("WAYLAND_DISPLAY"):
        return warn(NAME, f"{why_not}; this Wayland desktop has no portal for shortcuts", BIND_IT)
    if environ.get("DISPLAY"):
        return ok(NAME, f"{why_not}; {HEARD_BY['x11']} would hear the chords")
    next_step = "chords wait for one; the command line needs none"
    return warn(NAME, f"{why_not}; there is no display", next_step)


def _has_portal(environ: Mapping[str, str]) -> bool:
    """Ask the portal for its version of the interface, without a D-Bus library."""
    runtime = environ.get("XDG_RUNTIME_DIR", "")
    address = environ.get("DBUS_SESSION_BUS_ADDRESS") or (f"unix:path={runtime}/bus" if runtime else "")
    if not address or shutil.which("dbus-send") is None:
        return False
    has_owner = ("/org/freedesktop/DBus", "org.freedesktop.DBus.NameHasOwner", f"string:{PORTAL}")
    if not environ.get("WAYLAND_DISPLAY") and "true" not in _answer(address, DBUS, *has_owner):
        return False  # where X11 would do as well, none is started for it
    get = "org.freedesktop.DBus.Properties.Get"
    asked = ("/org/freedesktop/portal/desktop", get, f"string:{SHORTCUTS}", "string:version")
    return "variant" in _answer(address, PORTAL, *asked)


def _answer(address: str, to: str, *words: str) -> str:
    command = ["dbus-send", f"--bus={address}", "--print-reply", f"--dest={to}", *words]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=BUS_S, check=False)
    except subprocess.TimeoutExpired:
        return ""
    return done.stdout


CHECKS = (hotkey,)
