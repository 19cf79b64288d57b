"""From one model to another: who answers meanwhile, and what a failure leaves behind."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import psutil
import pytest

from fakes.engine_child import environment, pipe_beside
from fakes.supervised import WAIT_S, NamedModel, Supervised, prompt, supervised
from ingle.engine.succession import Succession
from ingle.engine.supervisor import AGAIN
from ingle.errors import BadModelFile, Cancelled, EngineUnavailable, NotEnoughMemory, Paused
from ingle.models.library import InstalledModel
from ingle.vocabulary import EngineState

SMALL_GPU = {"gpus": "Fake0:700:2000", "vram": 1000}
"""Of 2,000 MiB the resident model has 1,000: another does not fit beside it."""


@pytest.fixture
async def engine(named: NamedModel) -> AsyncIterator[Supervised]:
    """With "first" resident."""
    async with supervised() as running:
        await running.supervisor.use(named("first"))
        await running.until(EngineState.READY)
        yield running


async def go_on(model: InstalledModel) -> None:
    """Let the load of a model that waits go on."""
    await asyncio.to_thread(pipe_beside(model.path).write_text, "go")


async def taken_over(wanted: Succession) -> None:
    async with asyncio.timeout(WAIT_S):
        await wanted.wait()


async def test_the_old_model_answers_until_the_new_one_is_ready(engine: Supervised, named: NamedModel):
    first, second = await engine.pid(), named("wait")
    wanted = await engine.supervisor.use(second)
    status = await engine.until_heard(lambda: engine.heard[-1].reason)
    assert (status.state, status.model, status.next) == (EngineState.READY, "first", "wait")
    assert status.reason == "wait is being loaded; first answers until it is ready"
    assert (await engine.engine.generate(prompt("hello"))).text == "hello "
    assert await engine.pid() == first
    await go_on(second)
    await taken_over(wanted)
    status = await engine.supervisor.status()
    assert (status.state, status.model, status.next) == (EngineState.READY, "wait", None)
    await engine.until_gone(first)
    assert (await engine.engine.generate(prompt("hello"))).text == "hello "


async def test_what_was_begun_is_finished_by_the_model_that_began_it(
    engine: Supervised, named: NamedModel, tmp_path: Path
):
    first, pipe = await engine.pid(), tmp_path / "answer.go"
    os.mkfifo(pipe)
    begun = asyncio.ensure_future(engine.engine.held().generate(prompt(f"wait {pipe}")))
    while (await engine.supervisor.call("status", {})).running != 1:
        pass
    await taken_over(await engine.supervisor.use(named("second")))
    assert psutil.pid_exists(first)
    assert not begun.done()
    await asyncio.to_thread(pipe.write_text, "go")
    assert (await begun).text == f"wait {pipe} "
    await engine.until_gone(first)


async def test_a_request_for_a_model_that_has_gone_is_not_given_to_another(
    engine: Supervised, named: NamedModel
):
    held, first = engine.engine.held(), await engine.pid()
    await taken_over(await engine.supervisor.use(named("second")))
    await engine.until_gone(first)
    with pytest.raises(EngineUnavailable, match="another model took over") as caught:
        await held.generate(prompt("hello"))
    assert caught.value.hint == AGAIN
    assert engine.engine.held().model == engine.supervisor.model


@pytest.mark.parametrize(("how", "said"), [("refuse", "taste"), ("die-SIGSEGV", "SIGSEGV")])
async def test_a_model_that_cannot_be_loaded_leaves_the_old_one(
    engine: Supervised, named: NamedModel, how: str, said: str
):
    first = await engine.pid()
    with pytest.raises((BadModelFile, EngineUnavailable), match=said):
        await taken_over(await engine.supervisor.use(named(how)))
    status = await engine.supervisor.status()
    assert (status.state, status.model, status.pid) == (EngineState.READY, "first", first)
    assert any(how in warning and said in warning for warning in engine.supervisor.warnings())
    assert (await engine.engine.generate(prompt("hello"))).text == "hello "
    await taken_over(await engine.supervisor.use(named("second")))
    assert engine.supervisor.warnings() == []


async def test_without_room_for_both_the_old_one_ends_first_and_the_status_says_so(named: NamedModel):
    async with supervised(environ=environment(**SMALL_GPU)) as engine:
        await engine.supervisor.use(named("first"))
        await engine.until(EngineState.READY)
        first, second = await engine.pid(), named("wait")
        wanted = await engine.supervisor.use(second)
        status = await engine.until(EngineState.LOADING)
        assert status.reason == "wait needs the memory of first, which ended first"
        assert not psutil.pid_exists(first)
        waiting = asyncio.ensure_future(engine.engine.held().generate(prompt("hello")))
        await go_on(second)
        await taken_over(wanted)
        assert (await waiting).text == "hello "


async def test_a_model_that_fails_after_the_old_one_made_room_brings_it_back(named: NamedModel):
    async with supervised(environ=environment(**SMALL_GPU)) as engine:
        await engine.supervisor.use(named("first"))
        await engine.until(EngineState.READY)
        first = await engine.pid()
        with pytest.raises(BadModelFile, match="taste"):
            await taken_over(await engine.supervisor.use(named("refuse")))
        assert (await engine.engine.generate(prompt("hello"))).text == "hello "
        status = await engine.supervisor.status()
        assert (status.state, status.model) == (EngineState.READY, "first")
        assert status.pid != first


async def test_memory_that_runs_out_beside_the_old_one_is_tried_again_without_it(
    engine: Supervised, named: NamedModel
):
    first = await engine.pid()
    await taken_over(await engine.supervisor.use(named("room-1500")))
    status = await engine.supervisor.status()
    assert (status.model, status.n_ctx) == ("room-1500", 1024)
    assert not psutil.pid_exists(first)
    assert any("memory ran out" in warning for warning in engine.supervisor.warnings())


async def test_of_two_choices_the_later_one_counts(engine: Supervised, named: NamedModel):
    wanted = await engine.supervisor.use(named("wait"))
    await engine.until_heard(lambda: engine.heard[-1].next)
    other = await engine.supervisor.use(named("third"))
    with pytest.raises(EngineUnavailable, match="third was chosen instead"):
        await taken_over(wanted)
    await taken_over(other)
    assert (await engine.supervisor.status()).model == "third"


async def test_a_change_that_is_called_off_leaves_everything_as_it_was(
    engine: Supervised, named: NamedModel
):
    first = await engine.pid()
    wanted = await engine.supervisor.use(named("wait"))
    await engine.until_heard(lambda: engine.heard[-1].next)
    wanted.call_off(Cancelled("cancelled by the caller"))
    await engine.until_heard(lambda: engine.heard[-1].next is None)
    assert await engine.pid() == first
    assert engine.supervisor.warnings() == []


async def test_parking_ends_both_and_the_old_one_comes_back(engine: Supervised, named: NamedModel):
    wanted = await engine.supervisor.use(named("wait"))
    await engine.until_heard(lambda: engine.heard[-1].next)
    children = psutil.Process().children()
    assert len(children) == 2
    await engine.supervisor.park("game")
    assert not any(child.is_running() for child in children)
    with pytest.raises(Paused, match="game"):
        await taken_over(wanted)
    await engine.supervisor.unpark()
    await engine.until(EngineState.READY)
    assert (await engine.supervisor.status()).model == "first"


async def test_a_model_that_is_chosen_while_parked_is_the_one_that_comes(
    engine: Supervised, named: NamedModel
):
    await engine.supervisor.park("game")
    await taken_over(await engine.supervisor.use(named("second")))
    assert (await engine.supervisor.status()).state is EngineState.PARKED
    await engine.supervisor.unpark()
    await engine.until(EngineState.READY)
    assert (await engine.supervisor.status()).model == "second"


async def test_the_old_models_death_does_not_stop_the_change(engine: Supervised, named: NamedModel):
    second = named("wait")
    wanted = await engine.supervisor.use(second)
    await engine.until_heard(lambda: engine.heard[-1].next)
    os.kill(await engine.pid(), signal.SIGKILL)
    await engine.until(EngineState.LOADING)
    waiting = asyncio.ensure_future(engine.engine.generate(prompt("hello")))
    await go_on(second)
    await taken_over(wanted)
    assert (await waiting).text == "hello "


async def test_a_model_that_is_still_loading_gives_way_at_once(named: NamedModel):
    async with supervised() as engine:
        await engine.supervisor.use(named("hang"))
        await engine.until(EngineState.LOADING)
        await taken_over(await engine.supervisor.use(named("second")))
        assert (await engine.supervisor.status()).model == "second"


async def test_choosing_the_resident_model_changes_nothing(engine: Supervised):
    first = await engine.pid()
    assert engine.supervisor.model
    await taken_over(await engine.supervisor.use(engine.supervisor.model))
    assert await engine.pid() == first


async def test_the_progress_of_a_load_is_told(engine: Supervised):
    assert engine.loading == [("first", 0.5)]


async def test_a_load_is_tried_with_less_when_memory_runs_out(named: NamedModel):
    async with supervised() as engine:
        await engine.supervisor.use(named("room-1500"))
        status = await engine.until(EngineState.READY)
        assert status.n_ctx == 1024
        assert engine.states.count("loading") == 2
        assert engine.supervisor.warnings() == [
            "memory ran out while loading: tried again with 1,024 tokens of context"
        ]


async def test_a_load_that_never_finds_memory_ends_with_the_reason(named: NamedModel):
    async with supervised() as engine:
        wanted = await engine.supervisor.use(named("room-1"))
        with pytest.raises(NotEnoughMemory):
            await taken_over(wanted)
        status = await engine.until(EngineState.FAILED)
        assert "failed to allocate" in status.reason
        assert engine.states.count("loading") == 2


async def test_a_gpu_that_fails_is_given_up_for_the_cpu_loudly(named: NamedModel):
    async with supervised(environ=environment(gpus="Fake0:1900:2000")) as engine:
        await engine.supervisor.use(named("cpu"))
        status = await engine.until(EngineState.READY)
        assert (status.gpu_layers, status.device) == (0, "CPU")
        assert engine.states.count("loading") == 3
        assert any("the CPU does the work" in warning for warning in engine.supervisor.warnings())
