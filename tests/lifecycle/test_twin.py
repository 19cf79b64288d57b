"""The stand-in on the CPU: it answers while the resident model is aside, and leaves without a trace."""

import asyncio
import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from fakes.engine_child import environment, pipe_beside
from fakes.supervised import WAIT_S, NamedModel, Supervised, prompt, supervised
from ingle.errors import ModelNotFound, Paused
from ingle.vocabulary import EngineState


@pytest.fixture
async def engine(named: NamedModel) -> AsyncIterator[Supervised]:
    """On a GPU, with a stand-in."""
    async with supervised(environ=environment(gpus="Fake0:1900:2000")) as running:
        running.supervisor.stand_in(named("small"))
        yield running


async def answered_by(engine: Supervised) -> str:
    """Ask something; which model answered."""
    held = engine.engine.held()
    assert (await held.generate(prompt("hello"))).text == "hello "
    assert held.model
    return held.model.name


async def until_alone(engine: Supervised) -> None:
    async with asyncio.timeout(WAIT_S):
        while (await engine.supervisor.status()).twin:
            await engine.supervisor._house.change()


async def test_a_parked_model_is_stood_in_for_on_the_cpu(engine: Supervised, named: NamedModel):
    await engine.supervisor.use(named("large"))
    await engine.until(EngineState.READY)
    assert (await engine.supervisor.status()).device == "Fake0"
    assert await answered_by(engine) == "large"
    assert (await engine.supervisor.status()).twin is None
    await engine.supervisor.park("game")
    assert await answered_by(engine) == "small"
    status = await engine.supervisor.status()
    assert (status.state, status.reason, status.twin) == (EngineState.PARKED, "game", "small")
    await engine.supervisor.unpark()
    await engine.until(EngineState.READY)
    assert await answered_by(engine) == "large"
    await until_alone(engine)


async def test_a_request_that_the_stand_in_has_begun_is_finished_by_it(
    engine: Supervised, named: NamedModel, tmp_path: Path
):
    large, pipe = named("wait"), tmp_path / "answer.go"
    os.mkfifo(pipe)
    await engine.supervisor.use(large)
    await engine.until(EngineState.LOADING)
    first_piece = asyncio.Event()
    begun = asyncio.ensure_future(
        engine.engine.held().generate(prompt(f"wait {pipe}", stream=True), lambda _: first_piece.set())
    )
    async with asyncio.timeout(WAIT_S):
        await first_piece.wait()
    await asyncio.to_thread(pipe_beside(large.path).write_text, "go")
    await engine.until(EngineState.READY)
    assert await answered_by(engine) == "wait"
    await asyncio.to_thread(pipe.write_text, "go")
    assert (await begun).text.startswith("wait ")
    await until_alone(engine)


async def test_a_rested_model_is_woken_by_the_request_that_the_stand_in_answers(
    engine: Supervised, named: NamedModel
):
    await engine.supervisor.use(named("large"))
    await engine.until(EngineState.READY)
    await engine.supervisor.unload()
    assert await answered_by(engine) == "small"
    await engine.until(EngineState.READY)


async def test_a_stand_in_that_cannot_be_loaded_is_none_and_is_named(
    engine: Supervised, named: NamedModel
):
    engine.supervisor.stand_in(named("refuse"))
    await engine.supervisor.use(named("large"))
    await engine.until(EngineState.READY)
    await engine.supervisor.park("game")
    with pytest.raises(Exception, match="taste"):
        await answered_by(engine)
    assert any("refuse cannot stand in" in warning for warning in engine.supervisor.warnings())
    with pytest.raises(Paused, match="game"):
        await answered_by(engine)


async def test_a_stand_in_that_is_not_here_is_a_warning(engine: Supervised, named: NamedModel):
    async with supervised() as running:
        running.supervisor.no_stand_in(ModelNotFound("there is no model 'x'"))
        await running.supervisor.use(named("large"))
        await running.until(EngineState.READY)
        assert any("there is no model 'x'" in warning for warning in running.supervisor.warnings())
