"""The hotkey plugin on a real X server: real presses, layouts, lock keys, conflicts, deaths."""

import asyncio
import ctypes
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from Xlib import X

from desktop.conftest import PLUGINS, XServer, needed
from desktop.hotkey_stage import (
    NOTHING_WRONG,
    Stage,
    bound,
    code_of,
    give_back_chord,
    lock_state,
    run,
    stage,
    take_chord,
    until,
    x_client,
    xdotool,
)  # fmt: skip
from fakes.plugin_daemon import plugin_daemon, write_plugin
from ingle.errors import ConfigError, PluginFailed

pytestmark = pytest.mark.desktop

CTRL_ALT = X.ControlMask | X.Mod1Mask


@pytest.fixture(autouse=True)
def _alone(x_server: XServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """A display, the tool that presses keys, and no bus that is not the test's."""
    needed("xdotool")
    for name in ("DBUS_SESSION_BUS_ADDRESS", "XDG_RUNTIME_DIR", "XDG_SESSION_TYPE"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
async def popup(x_server: XServer) -> AsyncIterator[Stage]:
    async with bound() as made:
        yield made


# ---- presses


async def test_a_chord_opens_the_popup(popup: Stage) -> None:
    await xdotool("key", "ctrl+alt+space")
    assert await popup.pressed() == {"plugin": "popup", "command": "show", "args": {}}


async def test_each_chord_does_its_own(window_manager: None) -> None:
    async with bound(
        "Ctrl+Alt+Space", "Ctrl+Alt+R = skill:rewrite", "Super+F9 = undo", "F12 = summarize-clipboard"
    ) as made:
        await xdotool("key", "ctrl+alt+r")
        assert (await made.pressed())["args"] == {"skill": "rewrite"}
        await xdotool("key", "super+F9")
        assert (await made.pressed())["plugin"] == "selection"
        await xdotool("key", "F12")
        assert (await made.pressed())["command"] == "summarize_now"
        assert {each["backend"] for each in await made.bindings()} == {"x11"}


async def test_other_modifiers_are_another_chord(popup: Stage) -> None:
    for other in ("alt+space", "ctrl+space", "ctrl+alt+shift+space", "ctrl+alt+super+space"):
        await xdotool("key", other)
    await xdotool("key", "ctrl+alt+space")
    await popup.pressed()
    assert len(popup.shown) == 1


async def test_sixty_presses_are_sixty(popup: Stage) -> None:
    await xdotool("key", "--delay", "50", *["ctrl+alt+space"] * 60)
    for _ in range(60):
        await popup.pressed()
    assert len(popup.shown) == 60


@pytest.mark.parametrize("locks", [["Caps_Lock"], ["Num_Lock"], ["Caps_Lock", "Num_Lock"]])
async def test_lock_keys_do_not_break_it(popup: Stage, locks: list[str]) -> None:
    await xdotool("key", *locks)
    with x_client() as client:
        assert lock_state(client).bit_count() == len(locks)
    await xdotool("key", "ctrl+alt+space")
    assert (await popup.pressed())["command"] == "show"


async def test_autorepeat_is_one_press(popup: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    heard: list[Any] = []
    take = popup.grabs._take_press

    def listen(event: Any) -> None:
        heard.append(event)
        take(event)

    monkeypatch.setattr(popup.grabs, "_take_press", listen)
    await xdotool("keydown", "ctrl", "keydown", "alt", "keydown", "space")
    await until(lambda: len(heard) >= 5)  # the X server repeats a key that is held
    await xdotool("keyup", "space")
    await until(lambda: not popup.grabs._held)
    assert len(popup.shown) == 1
    await xdotool("keydown", "space", "keyup", "space", "keyup", "alt", "keyup", "ctrl")
    await until(lambda: len(popup.shown) == 2)


async def test_the_keyboard_is_free_while_the_chord_is_still_held(popup: Stage) -> None:
    """The popup gets the focus, and Ctrl+C that is sent for the person its program."""
    await xdotool("keydown", "ctrl", "keydown", "alt", "keydown", "space")
    await popup.pressed()
    with x_client() as client:
        root = client.screen().root
        grabbed = root.grab_keyboard(False, X.GrabModeAsync, X.GrabModeAsync, X.CurrentTime)
        assert grabbed == X.GrabSuccess
    await xdotool("keyup", "space", "keyup", "alt", "keyup", "ctrl")


# ---- layouts


@pytest.fixture
def layout(popup: Stage) -> Any:
    async def change(*names: str) -> None:
        stale = popup.grabs._keymap
        await asyncio.to_thread(run, needed("setxkbmap"), *names)
        await until(lambda: popup.grabs._keymap is not stale and not popup.grabs._is_stale)

    return change


async def test_a_chord_goes_where_its_sign_goes(layout: Any, popup: Stage) -> None:
    async with bound("Ctrl+Alt+Z") as made:
        await xdotool("key", "ctrl+alt+z")
        await made.pressed()
        with x_client() as client:
            before = code_of(client, "z")
        await layout("de")
        await until(lambda: (before, CTRL_ALT) not in made.grabs._grabbed)
        await until(lambda: bool(made.grabs._grabbed))
        await xdotool("key", "ctrl+alt+z")
        await made.pressed()
        with x_client() as client:
            assert (code_of(client, "z"), CTRL_ALT) in made.grabs._grabbed


async def test_a_layout_without_the_sign_leaves_the_chord_in_its_place(
    layout: Any, popup: Stage
) -> None:
    async with bound("Ctrl+Alt+R") as made:
        with x_client() as client:
            r = code_of(client, "r")
        await layout("ru")
        await until(lambda: (r, CTRL_ALT) in made.grabs._grabbed)
        await xdotool("key", f"ctrl+alt+{r}")
        await made.pressed()


async def test_the_second_layout_may_be_the_active_one(x_server: XServer, layout: Any) -> None:
    await layout("us,ru")
    async with bound("Ctrl+Alt+R") as made:
        with x_client() as client:
            r = code_of(client, "r")
        lock_group(x_server, 1)
        await xdotool("key", f"ctrl+alt+{r}")
        await made.pressed()


def lock_group(server: XServer, group: int) -> None:
    """What the key that switches layouts does; python-xlib has no XKB."""
    xlib = ctypes.CDLL("libX11.so.6")
    xlib.XOpenDisplay.restype = ctypes.c_void_p
    connection = ctypes.c_void_p(xlib.XOpenDisplay(f":{server.number}".encode()))
    xlib.XkbLockGroup(connection, 0x100, group)
    xlib.XSync(connection, 0)
    xlib.XCloseDisplay(connection)


# ---- conflicts


async def test_a_chord_of_another_program_is_reported_and_tried_again(x_server: XServer) -> None:
    with x_client() as client:
        take_chord(client, "r")
        async with stage("Ctrl+Alt+Space", "Ctrl+Alt+R = skill:rewrite") as made:
            await made.until_state("running", "Ctrl+Alt+R: another program has this chord")
            first, second = await made.bindings()
            assert (first["state"], first["reason"]) == ("bound", None)
            assert (second["state"], second["backend"]) == ("taken", "x11")
            await xdotool("key", "ctrl+alt+space")
            await made.pressed()
            give_back_chord(client, "r")
            first, second = await made.bindings()
            assert second["state"] == "bound"
            assert made.ingle.states[-1] == NOTHING_WRONG
            await xdotool("key", "ctrl+alt+r")
            assert (await made.pressed())["args"] == {"skill": "rewrite"}


async def test_chords_of_the_window_manager_are_reported(window_manager: None) -> None:
    async with stage("Alt+F4", "Print = popup") as made:
        await made.until_state("running", "Alt+F4: another program has this chord")
        assert [each["state"] for each in await made.bindings()] == ["taken", "taken"]


async def test_a_chord_that_is_taken_in_one_lock_state_only_is_taken(x_server: XServer) -> None:
    with x_client() as client:
        take_chord(client, "space", CTRL_ALT | X.LockMask)
        async with stage() as made:
            await made.until_state("running", "another program has this chord")
        with x_client() as other:  # and nothing of it was kept
            take_chord(other, "space")


async def test_a_chord_is_free_again_when_the_settings_change(popup: Stage) -> None:
    async with stage("Ctrl+Alt+Space") as second:
        await second.until_state("running", "another program has this chord")
    for _ in range(5):
        async with bound("Ctrl+Alt+R"):
            pass


# ---- deaths


async def test_the_x_server_may_die_and_come_back(x_server: XServer, popup: Stage) -> None:
    for _ in range(3):
        x_server.kill()
        await popup.until_state("waiting", "the X server")
        x_server.start()
        await popup.until_state("running")
        await xdotool("key", "ctrl+alt+space")
        await popup.pressed()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # sockets of python-xlib
async def test_without_an_x_server_it_waits(x_server: XServer) -> None:
    x_server.kill()
    async with stage() as made:
        await made.until_state("waiting", "the X server does not answer")
        assert {each["state"] for each in await made.bindings()} == {"waiting"}
    x_server.start()


async def test_nothing_is_lost_of_a_press_while_an_action_hangs(popup: Stage) -> None:
    """The popup may be slow; the next chord is heard all the same."""
    never = asyncio.Event()

    async def hang(*_: Any, **__: Any) -> None:
        popup.ingle.calls.append(("plugin.call", {"plugin": "popup", "command": "show", "args": {}}))
        await never.wait()

    popup.ingle.call_plugin = hang  # type: ignore[method-assign]
    await xdotool("key", "--delay", "50", "ctrl+alt+space", "ctrl+alt+space")
    await until(lambda: len(popup.shown) == 2)


async def test_a_press_that_does_nothing_is_told(popup: Stage) -> None:
    popup.ingle.answers["plugin.call"] = PluginFailed("plugin popup is disabled", "enable it")
    await xdotool("key", "ctrl+alt+space")
    await popup.until_state("running", "Ctrl+Alt+Space did nothing: plugin popup is disabled")
    said = [params for _, params in popup.ingle.calls if params.get("command") == "say"]
    assert said[0]["args"]["text"] == "plugin popup is disabled. enable it"
    popup.ingle.answers["plugin.call"] = None
    await xdotool("key", "ctrl+alt+space")
    await popup.ingle.until(lambda: popup.ingle.states[-1] == NOTHING_WRONG)


# ---- in its host process

POPUP = """
from ingle.sdk import Ingle, Plugin, command

class Popup(Plugin):
    async def run(self, ingle: Ingle) -> None:
        self.ingle = ingle
        await super().run(ingle)

    @command
    async def show(self, skill: str = "", text: str = "", question: str = "") -> None:
        await self.ingle.put_context(f"show {skill}", kind="note")
"""


@pytest.fixture
def search(tmp_path: Path) -> list[tuple[str, Path]]:
    """The plugin, beside a popup that only tells that it was shown."""
    write_plugin(tmp_path / "plugins", "popup", POPUP, host="desktop", grants=["context.write"])
    (tmp_path / "plugins" / "hotkey").symlink_to(PLUGINS / "hotkey")
    return [("built-in", tmp_path / "plugins")]


async def test_a_press_reaches_the_popup_through_the_daemon(
    search: list[tuple[str, Path]], tmp_path: Path, window_manager: None
) -> None:
    settings = {"hotkey": {"bindings": ["ctrl+alt+r=skill:rewrite"]}}
    async with plugin_daemon(search, tmp_path / "state", settings=settings) as daemon:
        await daemon.hosts.enable("popup")
        await daemon.hosts.enable("hotkey")
        await daemon.until_state("hotkey", "running")
        states = list[str]()
        while states != ["bound", "bound"]:
            states = [each["state"] for each in await daemon.hosts.call("hotkey", "bindings", {})]
        await xdotool("key", "ctrl+alt+space")
        await daemon.until(lambda: [put.text for put in daemon.puts] == ["show "])
        await xdotool("key", "ctrl+alt+r")
        await daemon.until(lambda: [put.text for put in daemon.puts] == ["show ", "show rewrite"])


async def test_an_unknown_key_is_a_configuration_error(
    search: list[tuple[str, Path]], tmp_path: Path
) -> None:
    async with plugin_daemon(search, tmp_path / "state") as daemon:
        with pytest.raises(
            ConfigError, match=r"plugins.hotkey.popup: unknown key 'Spcae' in 'Ctrl\+Alt\+Spcae'"
        ):
            daemon.hosts.check({"hotkey": {"popup": "Ctrl+Alt+Spcae"}})
        with pytest.raises(ConfigError, match=r"plugins.hotkey.bindings: unknown action 'skil:rewrite'"):
            daemon.hosts.check({"hotkey": {"bindings": ["Ctrl+R = skil:rewrite"]}})
