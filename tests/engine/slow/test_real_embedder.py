"""A real embedder (all-MiniLM-L6-v2): what is near in meaning is near in numbers, as its publisher has it."""

from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import pytest
import pytest_asyncio

from conftest import REAL_PATHS, missing
from fakes import minilm, tiny_gguf
from fakes.pip_wheel import NotToBeHad
from fakes.supervised import Supervised, installed, supervised
from ingle.config import EngineConfig
from ingle.engine.protocol import EmbedParams
from ingle.engine.supervisor import MODULE
from ingle.vocabulary import EngineState

pytestmark = [
    pytest.mark.engine,
    pytest.mark.slow,
    pytest.mark.timeout(900),
    pytest.mark.asyncio(loop_scope="module"),
]

PAIRS = [
    ("How do I get my money back?", "Refunds are paid within fourteen days of the return."),
    ("Who wrote the letter?", "The note was written by Anna's brother."),
    ("When does the train leave?", "Departure is at 7:40 from platform 2."),
    ("the cat is asleep", "A kitten naps on the sofa."),
    ("My computer is slow.", "The laptop takes minutes to open a program."),
    ("What should I cook tonight?", "A recipe for a simple dinner of pasta and beans."),
    ("It is raining heavily.", "The storm brought a lot of water."),
    ("Where is the hospital?", "The clinic stands beside the old bridge."),
]
"""What belongs together, with few words in common."""

SENTENCES = ["The weather is lovely today.", "It's so sunny outside!", "He drove to the stadium."]
COSINES = [[1.0, 0.6660, 0.1046], [0.6660, 1.0, 0.1411], [0.1046, 0.1411, 1.0]]
"""Of these sentences, as the documentation of Sentence Transformers prints them for this model."""


@pytest.fixture(scope="session")
def weights() -> Path:
    try:
        return minilm.fetch(REAL_PATHS.cache / "test-models")
    except NotToBeHad as reason:
        missing(f"the embedder ({reason})")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def engine(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Supervised]:
    model = tiny_gguf.build(tmp_path_factory.mktemp("models") / "tiny.gguf")
    async with supervised(config=EngineConfig(n_ctx=512), child_module=MODULE) as running:
        await running.supervisor.use(installed(model))
        await running.until(EngineState.READY)
        yield running


async def test_each_question_lies_nearest_to_its_answer(engine: Supervised, weights: Path):
    texts = [text for pair in PAIRS for text in pair]
    found = await engine.engine.embed(EmbedParams(path=str(weights), texts=texts))
    assert found.dimensions == minilm.DIMENSIONS
    vectors = np.array(found.embeddings)
    cosines = vectors[::2] @ vectors[1::2].T
    assert cosines.argmax(axis=1).tolist() == list(range(len(PAIRS)))


async def test_cosines_are_those_of_the_publisher(engine: Supervised, weights: Path):
    found = await engine.engine.embed(EmbedParams(path=str(weights), texts=SENTENCES))
    vectors = np.array(found.embeddings)
    np.testing.assert_allclose(vectors @ vectors.T, COSINES, atol=0.001)
