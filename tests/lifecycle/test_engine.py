"""The engine child dies, refuses, hangs, steps aside and comes back: real processes, no model."""

import asyncio
import os
import shutil
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import psutil
import pytest

from fakes.supervised import WAIT_S, Supervised, installed, prompt, supervised
from ingle.errors import (
    BadModelFile,
    ContextTooLong,
    DeadlineExceeded,
    EngineUnavailable,
    ModelNotFound,
    Paused,
)
from ingle.procs.backoff import CircuitBreaker
from ingle.vocabulary import EngineState


@pytest.fixture
async def engine(tiny_model: Path) -> AsyncIterator[Supervised]:
    """A supervisor with a model whose child works."""
    async with supervised() as running:
        await running.supervisor.use(installed(tiny_model))
        yield running


async def test_a_request_waits_for_the_start_and_is_answered(engine: Supervised):
    pieces: list[str] = []
    result = await engine.engine.generate(prompt("how are you", stream=True), pieces.append)
    assert "".join(pieces) == result.text == "how are you "
    assert engine.states[-2:] == ["loading", "ready"]


async def test_the_status_names_the_process_and_what_it_runs_on(engine: Supervised):
    await engine.until(EngineState.READY)
    status = await engine.supervisor.status()
    assert (status.model, status.tier, status.device) == ("fake", "tiny", "CPU")
    assert status.pid
    assert psutil.pid_exists(status.pid)
    assert status.rss_bytes > 1_000_000
    assert engine.engine.n_ctx == 512


@pytest.mark.parametrize("name", ["SIGSEGV", "SIGABRT", "SIGKILL", "SIGBUS", "SIGTERM"])
async def test_a_death_in_the_middle_of_an_answer_is_told_and_the_next_request_works(
    engine: Supervised, name: str
):
    pieces: list[str] = []
    with pytest.raises(EngineUnavailable, match=name):
        await engine.engine.generate(prompt(f"die {name}", stream=True), pieces.append)
    assert "".join(pieces) == "one two "
    assert (await engine.engine.generate(prompt("and now"))).text == "and now "


async def test_everyone_who_waits_is_told_of_a_death(engine: Supervised):
    await engine.until(EngineState.READY)
    hanging = [asyncio.ensure_future(engine.engine.generate(prompt("hang"))) for _ in range(5)]
    await _running(engine, 5)
    os.kill(await engine.pid(), signal.SIGKILL)
    for outcome in await asyncio.gather(*hanging, return_exceptions=True):
        assert isinstance(outcome, EngineUnavailable)
        assert "SIGKILL" in outcome.message


async def test_three_deaths_open_the_breaker_and_a_person_closes_it(engine: Supervised):
    for _ in range(CircuitBreaker().deaths):
        with pytest.raises(EngineUnavailable):
            await engine.engine.generate(prompt("die SIGSEGV"))
    status = await engine.until(EngineState.FAILED)
    assert "3 times" in status.reason
    assert "SIGSEGV" in status.reason
    assert any("gave up" in warning for warning in engine.supervisor.warnings())
    with pytest.raises(EngineUnavailable) as caught:
        await engine.engine.generate(prompt("anyone"))
    assert "ingle" in caught.value.hint
    await engine.supervisor.unpark()
    assert (await engine.engine.generate(prompt("again"))).text == "again "


async def test_a_child_that_dies_while_it_loads_is_tried_thrice(tiny_model: Path):
    async with supervised("die SIGABRT") as running:
        await running.supervisor.use(installed(tiny_model))
        status = await running.until(EngineState.FAILED)
        assert "SIGABRT" in status.reason
        assert running.states.count("loading") == CircuitBreaker().deaths


async def test_a_model_that_the_engine_refuses_is_not_tried_again(tiny_model: Path):
    async with supervised("refuse") as running:
        await running.supervisor.use(installed(tiny_model))
        status = await running.until(EngineState.FAILED)
        assert "taste" in status.reason
        assert running.states.count("loading") == 1
        with pytest.raises(EngineUnavailable, match="taste"):
            await running.engine.generate(prompt("hello"))


async def test_a_file_that_is_no_model_never_reaches_the_child(tmp_path: Path):
    path = tmp_path / "x.gguf"
    path.write_bytes(b"GGUF, or so it says")
    async with supervised() as running:
        with pytest.raises(BadModelFile):
            await running.supervisor.use(installed(path))
        await running.until(EngineState.FAILED)
        assert "loading" not in running.states


async def test_a_bad_file_does_not_take_away_the_model_that_works(engine: Supervised, tmp_path: Path):
    await engine.until(EngineState.READY)
    with pytest.raises(BadModelFile):
        await engine.supervisor.use(installed(tmp_path / "nowhere.gguf", "other"))
    assert engine.engine.model
    assert engine.engine.model.name == "fake"
    assert (await engine.engine.generate(prompt("still here"))).text == "still here "


async def test_a_model_file_that_vanished_is_named_and_not_retried(
    engine: Supervised, tiny_model: Path, tmp_path: Path
):
    copy = tmp_path / "copy.gguf"
    shutil.copy(tiny_model, copy)
    await (await engine.supervisor.use(installed(copy, "copy"))).wait()
    os.unlink(copy)  # noqa: PTH108 - beside a loop
    os.kill(await engine.pid(), signal.SIGKILL)
    status = await engine.until(EngineState.FAILED)
    assert "no such file" in status.reason


async def test_without_a_model_the_hint_says_how_to_get_one():
    async with supervised() as running:
        running.supervisor.missing(ModelNotFound("no model here", "`ingle model pull x`"))
        with pytest.raises(EngineUnavailable) as caught:
            await running.engine.generate(prompt("hello"))
        assert caught.value.hint == "`ingle model pull x`"
        assert (await running.supervisor.status()).state is EngineState.ABSENT


async def test_parking_ends_the_child_and_callers_are_told_why(engine: Supervised):
    await engine.until(EngineState.READY)
    pid = await engine.pid()
    hanging = asyncio.ensure_future(engine.engine.generate(prompt("hang")))
    await _running(engine, 1)
    await engine.supervisor.park("VRAM wanted by another program")
    assert not psutil.pid_exists(pid)
    with pytest.raises(Paused, match="VRAM"):
        await hanging
    with pytest.raises(Paused, match="VRAM"):
        await engine.engine.generate(prompt("hello"))
    assert (await engine.until(EngineState.PARKED)).reason == "VRAM wanted by another program"
    await engine.supervisor.unpark()
    assert (await engine.engine.generate(prompt("hello"))).text == "hello "


async def test_parking_works_while_the_model_is_loading(tiny_model: Path):
    async with supervised("hang") as running:
        await running.supervisor.use(installed(tiny_model))
        await running.until(EngineState.LOADING)
        await running.supervisor.park("game")
        await running.until(EngineState.PARKED)
        assert (await running.supervisor.status()).pid is None


async def test_after_unloading_the_next_request_loads_again(engine: Supervised):
    await engine.engine.generate(prompt("hello"))
    pid = await engine.pid()
    await engine.supervisor.unload()
    assert not psutil.pid_exists(pid)
    await engine.until(EngineState.PARKED)
    assert (await engine.engine.generate(prompt("hello again"))).text == "hello again "


async def test_another_model_takes_the_place_of_the_first(engine: Supervised, tiny_model: Path):
    await engine.until(EngineState.READY)
    first = await engine.pid()
    await (await engine.supervisor.use(installed(tiny_model, "second"))).wait()
    await engine.engine.generate(prompt("hello"))
    status = await engine.supervisor.status()
    assert (status.model, status.state) == ("second", EngineState.READY)
    assert status.pid != first
    await engine.until_gone(first)


async def test_a_deadline_ends_the_request_and_frees_its_place(engine: Supervised):
    await engine.until(EngineState.READY)
    with pytest.raises(DeadlineExceeded):
        await engine.engine.generate(prompt("hang"), deadline_ms=50)
    await _running(engine, 0)
    assert engine.engine.queue().normal == 0


async def test_a_deadline_counts_the_wait_for_loading_too(tiny_model: Path):
    async with supervised("hang") as running:
        await running.supervisor.use(installed(tiny_model))
        with pytest.raises(DeadlineExceeded):
            await running.engine.generate(prompt("hello"), deadline_ms=50)


async def test_cancelling_a_call_cancels_it_in_the_child(engine: Supervised):
    await engine.until(EngineState.READY)
    call = asyncio.ensure_future(engine.engine.generate(prompt("hang")))
    await _running(engine, 1)
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    await _running(engine, 0)


async def test_the_engines_own_errors_arrive_as_themselves(engine: Supervised):
    with pytest.raises(ContextTooLong, match="600 tokens"):
        await engine.engine.generate(prompt("long"))


async def test_a_pause_ends_background_work_only(engine: Supervised):
    await engine.until(EngineState.READY)
    background = asyncio.ensure_future(engine.engine.generate(prompt("hang", "background")))
    person = asyncio.ensure_future(engine.engine.generate(prompt("hang", "interactive")))
    await _running(engine, 2)
    engine.admission.pause()
    with pytest.raises(Paused):
        await background
    with pytest.raises(Paused):
        await engine.engine.generate(prompt("hello", "background"))
    await _running(engine, 1)
    person.cancel()
    engine.admission.resume()
    assert (await engine.engine.generate(prompt("hello", "background"))).text == "hello "


async def test_the_child_is_gone_when_the_supervisor_has_ended(tiny_model: Path):
    async with supervised() as running:
        await running.supervisor.use(installed(tiny_model))
        await running.until(EngineState.READY)
        pid = await running.pid()
    assert not psutil.pid_exists(pid)


async def _running(engine: Supervised, count: int) -> None:
    """Wait until the child has so many requests; each question is answered after what came before."""
    async with asyncio.timeout(WAIT_S):
        while (await engine.supervisor.call("status", {})).running != count:
            pass
