"""GLib's thread beside the loop: what is called there, what comes back, what is loaded on demand."""

import asyncio
import threading

import pytest

from ingle.sdk import glib
from ingle.sdk.glib import GLib


async def test_a_call_runs_in_the_thread_of_glib_and_gives_its_result() -> None:
    assert await glib.call(lambda: threading.current_thread().name) == "glib"
    assert await glib.call(lambda one, other: one + other, 1, 2) == 3


async def test_what_a_call_raises_is_raised_where_it_was_asked_for() -> None:
    def broken() -> None:
        raise ValueError("it")

    with pytest.raises(ValueError, match="it"):
        await glib.call(broken)
    assert await glib.call(lambda: "it goes on") == "it goes on"


async def test_calls_that_nobody_waits_for_are_carried_out_in_order() -> None:
    seen: list[int] = []
    for number in range(100):
        glib.call_soon(seen.append, number)
    await glib.call(lambda: None)
    assert seen == list(range(100))


async def test_a_call_that_is_given_up_harms_nobody() -> None:
    given_up = asyncio.ensure_future(glib.call(lambda: None))
    await asyncio.sleep(0)
    given_up.cancel()
    assert await glib.call(lambda: 1) == 1


async def test_the_main_context_is_the_default_one() -> None:
    heard = asyncio.Event()
    loop = asyncio.get_running_loop()
    GLib.timeout_add(1, lambda: loop.call_soon_threadsafe(heard.set) and False)
    async with asyncio.timeout(10):
        await heard.wait()


def test_a_library_that_is_not_on_the_list_is_no_attribute() -> None:
    with pytest.raises(AttributeError, match="Nonsense"):
        _ = glib.Nonsense


def test_a_library_that_is_not_installed_is_an_import_that_fails(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(glib._ON_DEMAND, "NotInstalled", "3.0")
    assert not glib.has("NotInstalled")
    with pytest.raises(ImportError, match=r"NotInstalled 3.0 is not installed"):
        _ = glib.NotInstalled
