"""The embedder that the configuration names: found, asked, and what to do where there is none."""

from pathlib import Path
from typing import Any

import pytest

from fakes import tiny_gguf
from ingle.engine import protocol
from ingle.engine.embedding import SMALLEST, Embedder
from ingle.errors import ModelNotFound, NotFound
from ingle.models.catalog import catalog
from ingle.models.library import Library
from ingle.vocabulary import Timing, Usage
from ingle.wire.calls.model import EmbedParams

PARAMS = EmbedParams(texts=["a", "b"], priority="background", truncate=True, deadline_ms=900)


class Engine:
    """Answers with what it was asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[protocol.EmbedParams, int | None]] = []

    async def embed(self, params: protocol.EmbedParams, deadline_ms: int | None) -> Any:
        self.asked.append((params, deadline_ms))
        return protocol.EmbedResult(
            embeddings=[[1.0], [1.0]],
            dimensions=1,
            truncated=[1],
            usage=Usage(used_tokens=7),
            timing=Timing(total_ms=3.0),
        )


@pytest.fixture
def library(tmp_path: Path) -> Library:
    tiny_gguf.build(tmp_path / "mine.gguf", "bert")
    return Library(tmp_path)


def embedder(library: Library, name: str, engine: Engine | None = None) -> Embedder:
    asked: Any = engine or Engine()
    return Embedder(asked, library, name)


async def test_without_one_the_error_says_how_to_get_and_choose_one(library: Library) -> None:
    with pytest.raises(NotFound, match="no embedder is chosen") as caught:
        await embedder(library, "").embed(PARAMS)
    assert f"`ingle model pull {SMALLEST}`" in caught.value.hint
    assert f'`embedder = "{SMALLEST}"`' in caught.value.hint
    assert catalog()[SMALLEST].kind == "embedder"


async def test_one_that_is_not_here_is_an_error_that_says_how_to_get_it(library: Library) -> None:
    with pytest.raises(ModelNotFound) as caught:
        await embedder(library, SMALLEST).embed(PARAMS)
    assert f"`ingle model pull {SMALLEST}`" in caught.value.hint


async def test_what_is_asked_reaches_the_engine_and_the_answer_names_the_model(
    library: Library,
) -> None:
    engine = Engine()
    found = await embedder(library, "mine", engine).embed(PARAMS)
    [(asked, deadline_ms)] = engine.asked
    assert asked == protocol.EmbedParams(
        path=str(library.path_of("mine")), texts=["a", "b"], truncate=True, priority="background"
    )
    assert deadline_ms == 900
    assert (found.model, found.dimensions, found.truncated) == ("mine", 1, [1])
    assert (found.usage.used_tokens, found.timing.total_ms) == (7, 3.0)
