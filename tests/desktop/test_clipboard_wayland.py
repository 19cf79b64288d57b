"""The clipboard plugin in its host process under Wayland: real compositors, wl-copy, hostile owners."""

import asyncio
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from desktop.conftest import PLUGINS, XServer, needed, run_xclip
from desktop.scripted_owner import Own, owners
from desktop.wayland_stage import Sway, Weston
from fakes.plugin_daemon import PluginDaemon, plugin_daemon
from ingle.errors import IngleError, InvalidParams

pytestmark = pytest.mark.desktop

OWNER = Path(__file__).with_name("wayland_owner.py")
LONG = "The hearth is at the centre of the house, and the fire in it is small and always lit. " * 35
PLAIN = "text/plain;charset=utf-8"


@pytest.fixture
async def own(sway: Sway) -> AsyncIterator[Own]:
    async with owners(OWNER, types=[PLAIN], text=LONG) as start:
        yield start


@asynccontextmanager
async def clipboard(state: Path, **settings: Any) -> AsyncIterator[PluginDaemon]:
    settings = {"clipboard": {"debounce_ms": 20, **settings}}
    async with plugin_daemon([("built-in", PLUGINS)], state, settings=settings) as daemon:
        info = await daemon.hosts.enable("clipboard")
        assert info.state == "running", info
        await daemon.hosts.call("clipboard", "is_watching", {})
        yield daemon


@pytest.fixture
async def daemon(sway: Sway, private_dirs: Path) -> AsyncIterator[PluginDaemon]:
    async with clipboard(private_dirs / "state") as running:
        yield running


async def sent(daemon: PluginDaemon, count: int = 1) -> list[str]:
    await daemon.until(lambda: len(daemon.puts) >= count)
    return [put.text for put in daemon.puts]


async def wl_copy(text: str, *options: str) -> None:
    """Copy with a real program; it stays behind as the owner, until the next one."""
    process = await asyncio.create_subprocess_exec(
        needed("wl-copy"),
        *options,
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    await process.communicate(text.encode())


async def wl_paste(*options: str) -> str:
    process = await asyncio.create_subprocess_exec(
        needed("wl-paste"), *options, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    out, _ = await process.communicate()
    return out.decode()


async def test_a_long_text_that_is_copied_is_handed_over(daemon: PluginDaemon) -> None:
    text = "Grüße, 你好, مرحبا 🔥\n" * 40
    await wl_copy(text)
    assert await sent(daemon) == [text]
    assert (daemon.puts[0].kind, daemon.puts[0].origin) == ("clipboard", "clipboard")


async def test_what_was_there_before_stays_unread(sway: Sway, private_dirs: Path, own: Own) -> None:
    before = await own(text="A" * 500)
    async with clipboard(private_dirs / "state") as daemon:
        await own(text="B" * 500)
        assert await sent(daemon) == ["B" * 500]
    await before.until("lost")
    assert before.asked == ["owns", "lost"]


@pytest.mark.parametrize(
    "hint", ["x-kde-passwordManagerHint", "CLIPBOARD_STATE", "application/x-some-new-password-type"]
)
async def test_what_is_marked_as_secret_is_never_asked_for(
    daemon: PluginDaemon, own: Own, hint: str
) -> None:
    secret = await own(types=[PLAIN, hint])
    with pytest.raises(InvalidParams, match="secret"):
        await daemon.hosts.call("clipboard", "summarize_now", {})
    await own(text="B" * 500)
    assert await sent(daemon) == ["B" * 500]
    await secret.until("lost")
    assert secret.asked == ["owns", "lost"]


async def test_a_secret_of_wl_copy_is_left_alone(daemon: PluginDaemon) -> None:
    await wl_copy(LONG, "--type", "x-kde-passwordManagerHint")
    with pytest.raises(InvalidParams, match="secret"):
        while True:  # until the compositor has told of it
            await daemon.hosts.call("clipboard", "is_watching", {})
            try:
                await daemon.hosts.call("clipboard", "summarize_now", {})
            except InvalidParams as error:
                if "no text" not in error.message:
                    raise
    assert not daemon.puts


async def test_short_texts_files_and_things_that_are_not_text_are_left_alone(
    daemon: PluginDaemon, own: Own
) -> None:
    short = await own(text="short")
    await short.until(PLAIN)
    files = await own(types=["text/uri-list", PLAIN])
    picture = await own(types=["image/png"])
    binary = await own(hex="00ff" * 1000)
    await binary.until(PLAIN)
    await own()
    assert await sent(daemon) == [LONG]
    for owner in (files, picture):
        await owner.until("lost")
        assert owner.asked == ["owns", "lost"]


async def test_of_markup_alone_the_text_is_read(daemon: PluginDaemon, own: Own) -> None:
    await own(types=["text/html", "image/png"], text=f"<p>{LONG}<script>evil()</script></p>")
    assert await sent(daemon) == [LONG.strip()]


async def test_the_plain_text_is_preferred(daemon: PluginDaemon, own: Own) -> None:
    owner = await own(types=["text/html", "text/plain", PLAIN])
    await sent(daemon)
    assert "text/html" not in owner.asked


async def test_a_storm_of_changes_is_read_once(sway: Sway, private_dirs: Path, own: Own) -> None:
    async with clipboard(private_dirs / "state", debounce_ms=300) as daemon:
        owner = await own(times=500)
        assert await sent(daemon) == [LONG]
        assert owner.asked.count(PLAIN) <= 1


async def test_a_text_over_the_limit_is_cut_off(daemon: PluginDaemon, own: Own) -> None:
    endless = await own(text="x" * 100_000, answer="endless")
    await endless.until("cut off")
    with pytest.raises(InvalidParams, match="over 1000000 bytes"):
        await daemon.hosts.call("clipboard", "summarize_now", {})
    await own()
    assert await sent(daemon) == [LONG]


async def test_an_owner_that_never_answers_holds_up_nobody(daemon: PluginDaemon, own: Own) -> None:
    mute = await own(answer="silent")
    await mute.until(PLAIN)
    with pytest.raises(InvalidParams, match="does not answer"):
        await daemon.hosts.call("clipboard", "summarize_now", {})
    await own()
    assert await sent(daemon) == [LONG]


async def test_summarize_now_has_a_short_text_summarised(daemon: PluginDaemon, own: Own) -> None:
    await own(text="short")
    answer = await daemon.hosts.call("clipboard", "summarize_now", {})
    assert answer["accepted"] is True
    assert (await sent(daemon), daemon.puts[0].summarize) == (["short"], True)


async def test_what_is_only_selected_is_read_where_it_is_wanted(sway: Sway, private_dirs: Path) -> None:
    async with clipboard(private_dirs / "state", primary=True) as daemon:
        await wl_copy(LONG, "--primary")
        assert await sent(daemon) == [LONG]
        assert daemon.puts[0].origin == "selection"


async def test_copy_can_be_pasted_and_is_left_alone(daemon: PluginDaemon, own: Own) -> None:
    long = (LONG + "é") * 400
    await daemon.hosts.call("clipboard", "copy", {"text": long})
    assert "application/x-ingle-own" in (await wl_paste("--list-types")).split()
    assert await wl_paste("--no-newline") == long
    await own(text="E" * 500)
    assert await sent(daemon) == ["E" * 500]


async def test_what_ingle_has_put_back_is_read_when_it_is_asked_for_alone(
    daemon: PluginDaemon, own: Own
) -> None:
    await own(types=[PLAIN, "application/x-ingle-own"], text="A" * 500)
    assert (await daemon.hosts.call("clipboard", "summarize_now", {}))["accepted"]
    await own(text="B" * 500)
    assert await sent(daemon, 2) == ["A" * 500, "B" * 500]


async def test_the_compositor_may_die_and_come_back(daemon: PluginDaemon, sway: Sway, own: Own) -> None:
    sway.kill()
    await daemon.until_state("clipboard", "waiting")
    with pytest.raises(IngleError):
        await daemon.hosts.call("clipboard", "copy", {"text": "x"})
    sway.start()
    await daemon.until_state("clipboard", "running")
    await daemon.hosts.call("clipboard", "is_watching", {})
    await own()
    assert await sent(daemon) == [LONG]


@pytest.fixture
def weston(private_dirs: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Weston]:
    compositor = Weston(private_dirs / "runtime_dir")
    compositor.start()
    monkeypatch.setenv("WAYLAND_DISPLAY", compositor.display)
    monkeypatch.delenv("DISPLAY", raising=False)
    yield compositor
    compositor.kill()


async def test_a_compositor_that_shows_nobody_the_clipboard_is_said_and_what_works(
    weston: Weston, private_dirs: Path
) -> None:
    async with plugin_daemon([("built-in", PLUGINS)], private_dirs / "state") as daemon:
        await daemon.hosts.enable("clipboard")
        info = await daemon.until_state("clipboard", "waiting", "data-control")
        assert "hotkey" in (info.reason or "")
        with pytest.raises(IngleError, match="data-control"):
            await daemon.hosts.call("clipboard", "summarize_now", {})


async def test_beside_such_a_compositor_xwayland_is_watched(
    weston: Weston, private_dirs: Path, x_server: XServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WAYLAND_DISPLAY", weston.display)  # `x_server` has removed it
    async with clipboard(private_dirs / "state") as daemon:
        info = await daemon.until_state("clipboard", "running", "data-control")
        assert "Xwayland" in (info.reason or "")
        await run_xclip(LONG)
        assert await sent(daemon) == [LONG]


async def test_a_wayland_display_that_is_not_there_leaves_x11(
    private_dirs: Path, x_server: XServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WAYLAND_DISPLAY", "wayland-of-yesterday")
    async with clipboard(private_dirs / "state") as daemon:
        await run_xclip(LONG)
        assert await sent(daemon) == [LONG]
