"""The clipboard plugin in its host process, on a real X server, with real and with hostile owners."""

import asyncio
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from desktop.conftest import PLUGINS, XServer, run_xclip
from desktop.scripted_owner import Own, owners
from fakes.plugin_daemon import PluginDaemon, plugin_daemon
from ingle.errors import InvalidParams

pytestmark = pytest.mark.desktop

OWNER = Path(__file__).with_name("owner.py")
LONG = "The hearth is at the centre of the house, and the fire in it is small and always lit. " * 35
TEXT_TARGETS = ["UTF8_STRING", "STRING", "TEXT"]


@pytest.fixture
async def own(x_server: XServer) -> AsyncIterator[Own]:
    async with owners(OWNER, targets=TEXT_TARGETS) as start:
        yield start


@asynccontextmanager
async def clipboard(tmp_path: Path, **settings: Any) -> AsyncIterator[PluginDaemon]:
    settings = {"clipboard": {"debounce_ms": 20, **settings}}
    search = [("built-in", PLUGINS)]
    async with plugin_daemon(search, tmp_path / "state", settings=settings) as daemon:
        info = await daemon.hosts.enable("clipboard")
        assert info.state == "running", info
        await daemon.hosts.call("clipboard", "is_watching", {})
        yield daemon


@pytest.fixture
async def daemon(x_server: XServer, tmp_path: Path) -> AsyncIterator[PluginDaemon]:
    async with clipboard(tmp_path) as running:
        yield running


async def sent(daemon: PluginDaemon, count: int = 1) -> list[str]:
    await daemon.until(lambda: len(daemon.puts) >= count)
    return [put.text for put in daemon.puts]


async def test_a_long_text_that_is_copied_is_handed_over(daemon: PluginDaemon) -> None:
    await run_xclip(LONG)
    assert await sent(daemon) == [LONG]
    assert daemon.puts[0].kind == "clipboard"


async def test_any_script_survives(daemon: PluginDaemon, own: Own) -> None:
    text = "Grüße, 你好, مرحبا 🔥\n" * 40
    await own(text=text)
    assert await sent(daemon) == [text]


async def test_a_latin_1_owner_is_understood(daemon: PluginDaemon, own: Own) -> None:
    text = "Größe " * 100
    await own(hex=text.encode("latin-1").hex(), targets=["STRING"])
    assert await sent(daemon) == [text]


async def test_a_text_in_pieces_is_put_together(daemon: PluginDaemon, own: Own) -> None:
    await own(text=LONG, repeat=100, answers={"UTF8_STRING": "incr"})
    assert await sent(daemon) == [LONG * 100]


@pytest.mark.parametrize(
    "hint",
    [
        "x-kde-passwordManagerHint",
        "CLIPBOARD_STATE",
        "application/x-nspasteboard-concealed-type",
        "application/x-some-new-password-type",
    ],
)
async def test_what_is_marked_as_secret_is_never_read(daemon: PluginDaemon, own: Own, hint: str) -> None:
    secret = await own(text=LONG, targets=[*TEXT_TARGETS, hint])
    await secret.until("TARGETS")
    with pytest.raises(InvalidParams, match="secret"):
        await daemon.hosts.call("clipboard", "summarize_now", {})
    await own(text="B" * 500)
    assert await sent(daemon) == ["B" * 500]
    await secret.until("lost")
    assert set(secret.asked) == {"owns", "TARGETS", "lost"}


async def test_short_texts_and_things_that_are_not_text_are_left_alone(
    daemon: PluginDaemon, own: Own
) -> None:
    short = await own(text="short")
    await short.until("UTF8_STRING")
    picture = await own(targets=["image/png"])
    await picture.until("TARGETS")
    binary = await own(hex="00ff" * 1000)
    await binary.until("UTF8_STRING")
    controls = await own(text="\x01\x02 not a text", repeat=100)
    await controls.until("UTF8_STRING")
    await own(text=LONG)
    assert await sent(daemon) == [LONG]
    assert "image/png" not in picture.asked


async def test_the_same_text_twice_in_a_row_is_sent_once(daemon: PluginDaemon, own: Own) -> None:
    await own(text=LONG)
    await sent(daemon)
    again = await own(text=LONG)
    await again.until("UTF8_STRING")
    await own(text="C" * 500)
    assert await sent(daemon, 2) == [LONG, "C" * 500]


async def test_a_storm_of_changes_is_read_once(x_server: XServer, tmp_path: Path, own: Own) -> None:
    async with clipboard(tmp_path, debounce_ms=300) as daemon:
        owner = await own(text=LONG, times=500)
        assert await sent(daemon) == [LONG]
        await own(text="D" * 500)
        await sent(daemon, 2)
        await owner.until("lost")
        assert owner.asked.count("UTF8_STRING") == 1


async def test_an_offer_of_100_mb_is_refused_before_a_byte_of_it_is_sent(
    daemon: PluginDaemon, own: Own
) -> None:
    huge = await own(
        text="x" * 1000, repeat=1000, announced=100_000_000, answers={"UTF8_STRING": "incr"}
    )
    await huge.until("UTF8_STRING")
    with pytest.raises(InvalidParams, match="over 1000000 bytes"):
        await daemon.hosts.call("clipboard", "summarize_now", {})
    await own(text=LONG)
    assert await sent(daemon) == [LONG]
    await huge.until("lost")
    assert "piece" not in huge.asked


async def test_an_owner_that_lies_about_its_size_is_cut_off(daemon: PluginDaemon, own: Own) -> None:
    liar = await own(text="x" * 1000, endless=True, announced=10, answers={"UTF8_STRING": "incr"})
    await liar.until("piece")
    await own(text=LONG)
    assert await sent(daemon) == [LONG]


async def test_a_property_over_the_limit_is_refused(daemon: PluginDaemon, own: Own) -> None:
    large = await own(text="x" * 1000, repeat=1001)
    await large.until("UTF8_STRING")
    with pytest.raises(InvalidParams, match="over 1000000 bytes"):
        await daemon.hosts.call("clipboard", "summarize_now", {})
    assert not daemon.puts


@pytest.mark.parametrize("target", ["TARGETS", "UTF8_STRING"])
async def test_an_owner_that_never_answers_holds_up_nobody(
    daemon: PluginDaemon, own: Own, target: str
) -> None:
    mute = await own(text=LONG, answers={target: "silent"})
    await mute.until(target)
    assert await daemon.hosts.call("clipboard", "is_watching", {}) is True
    with pytest.raises(InvalidParams, match="does not answer"):
        await daemon.hosts.call("clipboard", "summarize_now", {})
    await own(text=LONG)
    assert await sent(daemon) == [LONG]


async def test_an_owner_that_ends_leaves_nothing_to_read(daemon: PluginDaemon, own: Own) -> None:
    owner = await own(text="short")
    await owner.until("UTF8_STRING")
    owner.process.kill()
    await owner.process.wait()
    with pytest.raises(InvalidParams, match="no text"):
        await daemon.hosts.call("clipboard", "summarize_now", {})


async def test_summarize_now_sends_a_short_text_too(daemon: PluginDaemon, own: Own) -> None:
    await own(text="short")
    answer = await daemon.hosts.call("clipboard", "summarize_now", {})
    assert answer["accepted"] is True
    assert await sent(daemon) == ["short"]


async def test_copy_can_be_pasted_and_is_not_taken_for_a_text_of_the_person(
    daemon: PluginDaemon, own: Own
) -> None:
    long = (LONG + "é") * 400  # more than one request to the X server takes
    await daemon.hosts.call("clipboard", "copy", {"text": long})
    pasted = await asyncio.create_subprocess_exec(
        "xclip", "-selection", "clipboard", "-out", "-t", "UTF8_STRING", stdout=subprocess.PIPE
    )
    out, _ = await pasted.communicate()
    assert out.decode() == long
    await own(text="E" * 500)
    assert await sent(daemon) == ["E" * 500]


async def test_the_x_server_may_die_and_come_back(
    daemon: PluginDaemon, x_server: XServer, own: Own
) -> None:
    pid = daemon.info("clipboard").pid
    x_server.kill()
    await daemon.until_state("clipboard", "waiting", "the X server")
    x_server.start()
    info = await daemon.until_state("clipboard", "running")
    assert info.pid == pid
    await own(text=LONG)
    assert await sent(daemon) == [LONG]


async def test_without_a_display_it_waits_and_has_no_process(tmp_path: Path) -> None:
    search = [("built-in", PLUGINS)]
    async with plugin_daemon(search, tmp_path / "state", environ={}) as daemon:
        info = await daemon.hosts.enable("clipboard")
        assert (info.state, info.pid) == ("waiting", None)
        assert "no display" in (info.reason or "")


async def test_pause_stops_the_watching_and_resume_takes_it_up(daemon: PluginDaemon, own: Own) -> None:
    daemon.hosts.pause()
    unseen = await own(text=LONG)
    daemon.hosts.resume()
    await daemon.until_state("clipboard", "running")
    await daemon.hosts.call("clipboard", "is_watching", {})
    await own(text="F" * 500)
    assert await sent(daemon) == ["F" * 500]
    await unseen.until("lost")
    assert "UTF8_STRING" not in unseen.asked
