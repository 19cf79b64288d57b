"""A child's life with real processes: it talks, it ends, it can always be ended."""

import asyncio
import signal

import pytest

from ingle.procs.child import Child, how_it_ended, spawn

MODULE = "fakes.chatty_child"


async def started(mode: str) -> Child:
    import fakes

    root = next(iter(fakes.__path__)).rsplit("/", 1)[0]
    from ingle.procs import child

    path = f"{child._source_root()}:{root}"
    process = await spawn("test", MODULE, [mode], environ={"PYTHONPATH": path})
    process.sockets[0].setblocking(False)
    return process


async def word(child: Child) -> bytes:
    data = b""
    async with asyncio.timeout(10):
        while not data.endswith(b"!"):
            data += await asyncio.get_running_loop().sock_recv(child.sockets[0], 65536)
    return data


async def test_a_child_that_loses_its_socket_ends_by_itself() -> None:
    child = await started("quiet")
    await word(child)
    child.sockets[0].close()
    async with asyncio.timeout(10):
        assert await child.wait() == 7


async def test_a_child_that_ignores_sigterm_is_killed() -> None:
    child = await started("stubborn")
    await word(child)
    waiting = asyncio.create_task(child.wait())
    async with asyncio.timeout(10):
        await child.stop(grace_s=0.05)
        assert await waiting == -signal.SIGKILL


async def test_a_talkative_child_never_blocks_and_its_last_words_are_kept() -> None:
    child = await started("chatty")
    waiting = asyncio.create_task(child.wait())
    await word(child)
    await child.stop()
    await waiting
    assert "the last line" in child.last_lines
    assert len(child.last_lines) <= 20


async def test_the_environment_is_an_allow_list(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "x")
    child = await started("environment")
    waiting = asyncio.create_task(child.wait())
    names = await word(child)
    await child.stop()
    await waiting
    assert b"'HOME'" in names
    assert b"AWS" not in names


@pytest.mark.parametrize(
    ("code", "words"), [(-11, "killed by SIGSEGV"), (3, "exited with 3"), (-99, "exited with -99")]
)
def test_an_end_is_told_in_words(code: int, words: str) -> None:
    assert how_it_ended(code) == words


async def test_a_cancelled_task_ends_its_child_too() -> None:
    """`asyncio.timeout` before Python 3.11.3 could not do this."""
    child = await started("stubborn")
    await word(child)
    waiting = asyncio.create_task(child.wait())
    entered = asyncio.Event()

    async def keep() -> None:
        try:
            entered.set()
            await asyncio.Event().wait()
        finally:
            await child.stop(grace_s=0.05)

    keeper = asyncio.create_task(keep())
    await entered.wait()
    keeper.cancel()
    async with asyncio.timeout(10):
        await asyncio.wait([keeper])
        assert await waiting == -signal.SIGKILL
    assert keeper.cancelled()
